package client

import "encoding/base64"

// EncodeCompose makes the docker_compose_raw of a request from compose text.
func EncodeCompose(text []byte) string { return base64.StdEncoding.EncodeToString(text) }
