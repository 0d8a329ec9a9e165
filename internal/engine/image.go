package engine

import (
	"path"
	"slices"
	"strings"
)

// OfImage returns the engine that an image is known to be of by its name.
func OfImage(image string) (*Spec, bool) {
	dir, base, _ := cutImage(image)
	for _, s := range All() {
		if slices.Contains(s.images, base) || base == "server" && slices.Contains(s.images, path.Base(dir)) {
			return s, true
		}
	}
	return nil, false
}

// IsDatabaseImage says whether an image is known to be some database, also one that no
// Spec is about.
func IsDatabaseImage(image string) bool {
	_, known := OfImage(image)
	_, base, _ := cutImage(image)
	return known || slices.Contains(otherImages(), base)
}

// cutImage splits the reference of an image without its digest.
func cutImage(image string) (dir, base, tag string) {
	name, _, _ := strings.Cut(image, "@")
	base, tag, _ = strings.Cut(path.Base(name), ":")
	return path.Dir(name), base, tag
}

// otherImages are databases that no Spec is about, by the last part of the image's name.
// Tools around databases (exporters, admin pages, backup jobs) are not.
func otherImages() []string {
	return []string{
		"edgedb", "gel", "memcached", "influxdb", "couchdb", "cassandra", "scylla", "neo4j", "arangodb", "rethinkdb",
		"surrealdb", "cockroach", "elasticsearch", "opensearch", "mssql-server",
	}
}
