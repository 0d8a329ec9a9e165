package client

import "encoding/base64"

// EncodeText makes of a text what requests take where they want base64: configurations
// of databases and the contents of their scripts.
func EncodeText(text []byte) string { return base64.StdEncoding.EncodeToString(text) }

// EncodeCompose makes the docker_compose_raw of a request from compose text.
func EncodeCompose(text []byte) string { return EncodeText(text) }
