// What mongodump and mongorestore of the lab do: one line of EJSON a collection or document.
const fs = require('fs'), env = process.env
const uri = JSON.parse(fs.readFileSync(env.LAB_CONFIG, 'utf8').match(/^uri: (".*")$/m)[1])
const server = connect(uri)
const matches = (list, ns) => list.split(' ').filter(Boolean).some(p => new RegExp('^' + p.split('*').map(s => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*') + '$').test(ns))
if (env.LAB_TOOL === 'mongodump') {
  const names = env.LAB_DB ? [env.LAB_DB] : server.adminCommand({ listDatabases: 1, nameOnly: true }).databases.map(d => d.name).filter(n => n !== 'local')
  for (const name of names) {
    for (const collection of server.getSiblingDB(name).getCollectionNames()) {
      fs.writeSync(1, EJSON.stringify({ ns: name + '.' + collection }) + '\n')
      for (const doc of server.getSiblingDB(name).getCollection(collection).find().toArray()) fs.writeSync(1, EJSON.stringify({ doc }, { relaxed: false }) + '\n')
    }
  }
} else {
  let into = null
  for (const line of fs.readFileSync(env.LAB_FILE, 'utf8').split('\n').filter(Boolean)) {
    const one = EJSON.parse(line, { relaxed: false })
    if (one.doc) { if (into) into.insertOne(one.doc); continue }
    into = null
    if (env.LAB_INCLUDE && !matches(env.LAB_INCLUDE, one.ns) || matches(env.LAB_EXCLUDE, one.ns)) continue
    let [db, ...rest] = one.ns.split('.')
    if (env.LAB_FROM === db + '.*') db = env.LAB_TO.replace(/\.\*$/, '')
    into = server.getSiblingDB(db).getCollection(rest.join('.'))
    if (env.LAB_DROP) into.drop()
  }
}
