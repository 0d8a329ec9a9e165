package redact

import (
	"encoding/json"
	"math"
	"strings"
)

// A leaf of a structured value is a secret of its own if it is this long and
// has this many bits of entropy a byte.
const (
	leafLen  = 16
	leafBits = 3.2
)

// leaves returns the long random strings of JSON, YAML and .env text.
func leaves(text string) []string {
	var root any
	if strings.ContainsAny(text[:1], "{[") && json.Unmarshal([]byte(text), &root) == nil {
		return jsonLeaves(root, nil)
	}
	var list []string
	for line := range strings.Lines(text) {
		if i := strings.IndexAny(line, "=:"); i > 0 && strings.IndexByte(strings.TrimSpace(line[:i]), ' ') < 0 {
			value := unquote(strings.TrimSpace(line[i+1:]))
			if isLeaf(value) {
				list = append(list, value)
			}
		}
	}
	return list
}

func jsonLeaves(v any, list []string) []string {
	switch v := v.(type) {
	case string:
		if isLeaf(v) {
			list = append(list, v)
		}
	case []any:
		for _, e := range v {
			list = jsonLeaves(e, list)
		}
	case map[string]any:
		for _, e := range v {
			list = jsonLeaves(e, list)
		}
	}
	return list
}

func isLeaf(s string) bool {
	return len(s) >= leafLen && looksRandom([]byte(s)) && entropy(s) >= leafBits && !strings.Contains(s, "://")
}

// entropy is Shannon's, in bits a byte.
func entropy(s string) float64 {
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	bits := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
