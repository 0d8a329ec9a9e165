package redact

import "strings"

// common are words that a log is full of, so that masking them as a value
// would make it unreadable without hiding anything.
var common = words(`true false yes no on off null none nil undefined auto enabled disabled enable disable
	docker podman kubernetes compose container image volume network service server client worker proxy
	postgres postgresql mysql mariadb mongo mongodb redis sqlite clickhouse rabbitmq kafka elastic
	elasticsearch memcached minio nginx apache caddy traefik node nodejs python golang java ruby php
	laravel django rails wordpress directus ghost gitea grafana prometheus supabase appwrite
	root admin administrator user username guest owner public private internal external default local
	localhost host hostname home main master develop development dev stage staging test testing tests
	prod production preview demo example sample debug info warn warning error fatal trace verbose silent
	password passwd secret token key value name string number object array list item data database
	table schema index file files path folder directory system config configuration settings option options
	app application web www api http https ftp ssh smtp imap tcp udp tls ssl email mail domain url uri
	github gitlab bitbucket google amazon azure microsoft linux ubuntu debian alpine windows darwin
	build builder building deploy deployment release version latest stable next current previous
	start started starting stop stopped stopping restart running run exec create created update updated
	delete deleted remove removed install installed installing download downloaded package packages
	module modules source target output input cache cached layer export import copy from done finished
	success successful failed failure ready pending waiting active inactive online offline
	small medium large low high left right top bottom first last read write one two three zero
	monday tuesday wednesday thursday friday saturday sunday english german french basic bearer
	utf-8 utf8 json yaml text html plain binary base64 sha256 md5 aes rsa hello world foo bar baz`)

// grade says how strong a value is.
func grade(text string) strength {
	switch {
	case len(text) < mediumLen, common[strings.ToLower(text)], monotone(text):
		return weak
	case len(text) < strongLen:
		return medium
	}
	return strong
}

// monotone tells whether a text is one sign over and over, such as a rule made
// of dashes.
func monotone(text string) bool {
	return text != "" && !isWord(text[0]) && strings.Trim(text, text[:1]) == ""
}
