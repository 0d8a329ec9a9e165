package redact

import (
	"bytes"
	"strings"
)

// emptyValues stand where a secret would and are none.
var emptyValues = words(`null nil none undefined true false string number boolean bool int integer str
	any bytes object | > |- >- |+ >+ { [ ( {} [] () -`)

// valueAt returns the value that starts at i: within its quotes if it has any,
// otherwise up to a blank or to a sign after which something else begins.
func valueAt(t []byte, i int, markup bool) (from, to int) {
	if markup {
		return i, i + indexOr(t[i:], '<')
	}
	if t[i] == '$' && i+1 < len(t) && t[i+1] == '\'' {
		i++
	}
	escapes := 0
	for i+escapes < len(t) && t[i+escapes] == '\\' {
		escapes++
	}
	if q := i + escapes; q < len(t) && (t[q] == '"' || t[q] == '\'' || t[q] == '`') {
		return q + 1, closing(t, q, escapes)
	}
	return i, bareEnd(t, i)
}

func indexOr(t []byte, b byte) int {
	if i := bytes.IndexByte(t, b); i >= 0 {
		return i
	}
	return len(t)
}

// closing finds the quote that closes the one at q, which has so many
// backslashes before it; more of them, or a doubled quote, belong to the value.
func closing(t []byte, q, escapes int) int {
	run := 0
	for i := q + 1; i < len(t); i++ {
		switch {
		case t[i] == '\\':
			run++
			continue
		case t[i] != t[q] || run > escapes:
		case i+1 < len(t) && t[i+1] == t[q] && escapes == 0 && i > q+1:
			i++
		default:
			return i - run
		}
		run = 0
	}
	return len(t)
}

// bareEnd finds the end of a value without quotes.
func bareEnd(t []byte, i int) int {
	from := i
	if bytes.HasPrefix(t[i:], []byte(Mask)) {
		return i + len(Mask) // masked already: once more changes nothing
	}
	for i < len(t) && !endsBare(t, i) {
		i++
	}
	for i > from+1 && closes(t[from:i]) {
		i--
	}
	return i
}

func endsBare(t []byte, i int) bool {
	switch b := t[i]; b {
	case ' ', '\t', '"', '\'', '`', 0x1b, 0:
		return true
	case '<':
		return !bytes.HasPrefix(t[i:], []byte(Mask))
	case ',', ';', '&':
		return startsField(t[i+1:])
	case '\\':
		return i+1 < len(t) && strings.IndexByte(`"'nrt`, t[i+1]) >= 0
	}
	return false
}

// startsField tells whether what follows a comma, semicolon or ampersand is a
// thing of its own and not the rest of the value.
func startsField(t []byte) bool {
	i := 0
	for i < len(t) && i < maxName && (isName(t[i]) || t[i] == ' ' && i > 0) {
		i++
	}
	return i == len(t) || i == 0 || t[0] == ' ' || t[i] == '=' || t[i] == ':'
}

// closes tells whether the last byte closes a bracket that was opened before
// the value.
func closes(value []byte) bool {
	last := value[len(value)-1]
	switch last {
	case ')':
		return bytes.IndexByte(value, '(') < 0
	case ']':
		return bytes.IndexByte(value, '[') < 0
	case '}':
		return bytes.IndexByte(value, '{') < 0
	}
	return last == ',' || last == ';'
}

// placeholder tells whether a value stands for a secret without being one.
func placeholder(value []byte) bool {
	if len(value) > nearby {
		return false
	}
	text := string(bytes.TrimRight(value, ",;"))
	if text == "" || emptyValues[strings.ToLower(text)] {
		return true
	}
	switch {
	case strings.Trim(text, "*") == "", strings.Trim(text, ".") == "":
		return true
	case strings.HasPrefix(text, "${"):
		return strings.IndexByte(text+"}", '}') >= len(text)-1
	case strings.HasPrefix(text, "$("), strings.HasPrefix(text, "{{"), strings.HasPrefix(text, "%("):
		return true
	case text[0] == '$':
		return isVariable(text[1:])
	case text[0] == '<':
		return !strings.HasPrefix(text, Mask)
	}
	return isCall(text)
}

func isVariable(name string) bool {
	for i := range len(name) {
		if !isUpper(name[i]) && name[i] != '_' && (i == 0 || name[i] < '0' || name[i] > '9') {
			return false
		}
	}
	return name != ""
}

// isCall tells whether a text is a piece of source code: name.name(
func isCall(text string) bool {
	i := strings.IndexByte(text, '(')
	if i <= 0 || !strings.HasSuffix(text, ")") && !strings.HasSuffix(text, "(") {
		return false
	}
	for k := range i {
		if !isAlnum(text[k]) && text[k] != '_' && text[k] != '.' {
			return false
		}
	}
	return true
}
