package redact

import "strings"

// shapeTable lists all shapes. Their keywords are in lower case and are found
// in any.
func shapeTable(hideIPs bool) []shape {
	list := []shape{
		{text: "://", stop: stopWord, match: userInfo}, {text: `:\/\/`, stop: stopWord, match: userInfo}, {text: ":", stop: stopWord, match: driverName},
		{text: "private key", stop: stopLine, match: privateKey},
		{text: "authorization", stop: stopLine, match: authorization}, {text: "bearer", stop: stopLine, match: bearer}, {text: "cookie", stop: stopLine, match: cookie},
		{text: "eyj", stop: stopToken, match: webToken},
		{text: "login", stop: stopLine, match: loginCommand}, {text: "sshpass", stop: stopLine, match: shellPass}, {text: "mysql", stop: stopLine, match: mysqlCommand},
		{text: "mysqldump", stop: stopLine, match: mysqlCommand}, {text: "mariadb", stop: stopLine, match: mysqlCommand},
		{text: "redis-cli", stop: stopLine, match: redisCommand}, {text: "curl", stop: stopLine, match: curlCommand},
		{text: "identified by", stop: stopLine, match: identifiedBy}, {text: "_auth", stop: stopLine, match: registryAuth}, {text: `"auth`, stop: stopLine, match: registryAuth},
	}
	for _, word := range strings.Fields(`password passwd passphrase passcode secret token apikey api_key api-key
		api.key app_key app-key access_key access-key accesskey accountkey account_key private_key private-key
		privatekey signing_key signing-key signingkey encryption_key encryption-key encryptionkey master_key
		master-key auth_key auth-key authkey session_key deploy_key hmac_key jwt_key service_key storage_key
		webhook_key credential credentials connection_string connectionstring`) {
		list = append(list, shape{text: word, stop: stopLine, match: assigned, named: true})
	}
	for _, word := range strings.Fields("pass pwd passw") {
		list = append(list, shape{text: word, stop: stopLine, match: assignedWord, named: true})
	}
	for _, word := range strings.Fields("signature= x-amz-credential= x-goog-credential= awsaccesskeyid= ?sig= &sig= ?code= &code=") {
		list = append(list, shape{text: word, stop: stopWord, match: signedParam})
	}
	for i := range prefixes {
		list = append(list, shape{text: strings.ToLower(prefixes[i].text), stop: stopToken, match: prefixes[i].match})
	}
	if !hideIPs {
		return list
	}
	for _, word := range strings.Fields("10. 172.1 172.2 172.3 192.168. fc fd") {
		list = append(list, shape{text: word, stop: stopWord, match: privateAddress, whole: true})
	}
	return list
}

// keywordMachine finds the wakers of the lanes and the keywords of the shapes.
func keywordMachine(list []shape) *automaton {
	var needles []needle
	for _, k := range wakers {
		needles = append(needles, needle{text: k.text, kind: ruleKeyword, id: k.id})
	}
	for i, s := range list {
		needles = append(needles, needle{text: s.text, kind: ruleKeyword, id: uint32(i) + shapeFrom})
	}
	return newAutomaton(needles, true)
}
