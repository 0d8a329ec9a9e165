// Package compose writes compose files and runs Compose the way every kind does: one
// form of YAML, one environment of the commands, one meaning of what containers are in.
// It knows nothing of services or databases.
package compose

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// head is the first line of the file on the server.
const head = "# Written by Taffrail with every deployment: changes made here are lost.\n"

// Render writes a tree as YAML that reads back as exactly that tree, with "$" doubled
// so that Compose fills in nothing more.
func Render(tree map[string]any) (string, error) { return Encode(asMap(EscapeDollars(tree))) }

// Encode writes a tree in which "$" is doubled already.
func Encode(tree map[string]any) (string, error) {
	node, err := nodeOf(tree)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	b.WriteString(head)
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(node); err != nil {
		return "", fmt.Errorf("write compose file: %w", err)
	}
	var back map[string]any
	if err := yaml.Unmarshal(b.Bytes(), &back); err != nil {
		return "", fmt.Errorf("read compose file back: %w", err)
	}
	if !reflect.DeepEqual(plainTree(tree), plainTree(back)) {
		return "", fmt.Errorf("the compose file would not read back as it was meant")
	}
	return b.String(), nil
}

// nodeOf makes the YAML of a value, with keys in order and texts in a form that no
// reader can take for something else.
func nodeOf(v any) (*yaml.Node, error) {
	switch v := v.(type) {
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			value, err := nodeOf(v[key])
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, textNode(key), value)
		}
		return n, nil
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, one := range v {
			value, err := nodeOf(one)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, value)
		}
		return n, nil
	case string:
		return textNode(v), nil
	default:
		n := &yaml.Node{}
		if err := n.Encode(v); err != nil {
			return nil, fmt.Errorf("write compose file: %w", err)
		}
		return n, nil
	}
}

func textNode(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	switch {
	case readable(text):
		n.Style = yaml.LiteralStyle
	case !plain(text):
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// alnum are the characters that never need quotes.
const alnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// plain says whether a text may stand without quotes, unless it looks like a number or
// a word of YAML, which the encoder knows.
func plain(text string) bool {
	const also = "_./-"
	// What older versions of YAML take for true and false.
	for _, word := range []string{"y", "n", "yes", "no", "on", "off"} {
		if strings.EqualFold(text, word) {
			return false
		}
	}
	return text != "" && !strings.HasPrefix(text, "-") && strings.Trim(text, alnum+also) == ""
}

// readable says whether a text of several lines can be written as a block without any
// doubt about what belongs to it.
func readable(text string) bool {
	if !strings.Contains(text, "\n") || strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\n") {
		return false
	}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasSuffix(line, " ") {
			return false
		}
	}
	for i := range len(text) {
		if c := text[i]; c != '\n' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}

// plainTree evens out the number types, which differ between what was made and what
// was read.
func plainTree(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, one := range v {
			out[key] = plainTree(one)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = plainTree(one)
		}
		return out
	case string, bool, nil:
		return v
	default:
		return fmt.Sprintf("%v", v)
	}
}

// EscapeDollars makes every text of v one that Compose takes as it is.
func EscapeDollars(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "$", "$$")
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, one := range v {
			out[key] = EscapeDollars(one)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = EscapeDollars(one)
		}
		return out
	default:
		return v
	}
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
