package redact

import (
	"bytes"
	"strings"
)

// maxName bounds the name around a keyword.
const maxName = 64

// notSecret are the last parts of names that speak about a secret and do not
// hold one: PASSWORD_FILE, tokenType, secret-name.
var notSecret = words(`file path dir directory name names id ids type len length size count ttl
	expiry expires expiration exp policy version hint field prompt enabled required url uri at age
	limit endpoint ref arn algorithm alg status state valid manager store provider issuer audience
	scope scopes usage used index number num kind class format encoding reset change changed updated
	created min max rotation rules strength env label placeholder error message method mode timeout
	duration lifetime regex pattern validator helper input`)

// words makes a set of the words of a text.
func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// assignment is NAME=value, "name": "value", name: value, --name value or
// <name>value</name> where the name says that the value is secret.
type assignment struct {
	v        *view
	name     int // where the name starts
	tail     int // where it ends
	at       int // where the value starts
	colon    bool
	quoted   bool // the name has a quote after it
	spaced   bool // only blanks between the name and the value
	markup   bool
	wordOnly bool // the keyword may be the end of other words
}

// assigned matches the keywords that are secret in any position of a name.
func assigned(v *view) { assignTo(v, false) }

// assignedWord matches the keywords that other words end in.
func assignedWord(v *view) { assignTo(v, true) }

func assignTo(v *view, wordOnly bool) {
	a := &assignment{v: v, wordOnly: wordOnly}
	if a.findName() && a.findValue() {
		a.hide()
	}
}

func isName(b byte) bool { return isAlnum(b) || b == '_' || b == '-' || b == '.' }

func (a *assignment) findName() bool {
	v := a.v
	if inWord(v.text[v.to-1], v.byteAt(v.to)) {
		return false
	}
	a.name, a.tail = v.from, v.to
	for a.name > 0 && v.from-a.name < maxName && isName(v.text[a.name-1]) {
		a.name--
	}
	for a.tail < len(v.text) && a.tail-v.to < maxName && isName(v.text[a.tail]) {
		a.tail++
	}
	return a.ownWord() && (a.tail <= v.to+1 || !notSecret[lastPart(v.text[v.to:a.tail])])
}

// ownWord tells whether the keyword is a word of its own inside the name.
func (a *assignment) ownWord() bool {
	v := a.v
	if !a.wordOnly || v.from == a.name {
		return true
	}
	before, first := v.text[v.from-1], v.text[v.from]
	return !isAlnum(before) || isUpper(first) && !isUpper(before)
}

func isUpper(b byte) bool { return b >= 'A' && b <= 'Z' }

// inWord tells whether the byte after a keyword makes it a part of a longer
// word, or a plural.
func inWord(last, next byte) bool {
	return isAlnum(next) && (next < '0' || next > '9') && (!isUpper(next) || isUpper(last))
}

// lastPart is the last word of a name in lower case.
func lastPart(name []byte) string {
	i := len(name)
	for i > 0 && isAlnum(name[i-1]) {
		i--
		if isUpper(name[i]) && i > 0 && !isUpper(name[i-1]) {
			break
		}
	}
	return strings.ToLower(string(name[i:]))
}

// findValue goes over quotes, blanks and the sign between name and value.
func (a *assignment) findValue() bool {
	i := a.tail
	for i < len(a.v.text) && i-a.tail < 6 && strings.IndexByte("\"'`\\]", a.v.text[i]) >= 0 {
		i++
		a.quoted = true
	}
	j := a.blanks(i)
	k := a.sign(i, j)
	if k < 0 {
		return false
	}
	a.at = a.blanks(k)
	return a.at < len(a.v.text)
}

// sign returns where the text after the sign at j starts, or -1 for no sign;
// the name and its quote end at i.
func (a *assignment) sign(i, j int) int {
	b, next := a.v.byteAt(j), a.v.byteAt(j+1)
	switch b {
	case '=':
		return equals(next, j)
	case ':':
		a.colon = next != '='
		return colonSign(next, j)
	case '>':
		a.markup = a.v.byteAt(a.name-1) == '<'
		if a.markup {
			return j + 1
		}
		return -1
	}
	return a.noSign(b, i, j)
}

// equals accepts = and => but no comparison.
func equals(next byte, j int) int {
	switch next {
	case '>':
		return j + 2
	case '=', '~':
		return -1
	}
	return j + 1
}

// colonSign accepts : and := but neither a path nor a scheme.
func colonSign(next byte, j int) int {
	switch next {
	case '=':
		return j + 2
	case ':', '/':
		return -1
	}
	return j + 1
}

// noSign accepts blanks alone after a flag, and before the quote of SQL.
func (a *assignment) noSign(b byte, i, j int) int {
	if j == i || i > a.tail {
		return -1
	}
	if a.takesWord() {
		a.spaced = true
		return j
	}
	if b == '\'' || b == '"' {
		a.quoted = true
		return j
	}
	return -1
}

// takesWord tells whether a blank is enough: after a flag and in a netrc line.
func (a *assignment) takesWord() bool {
	v := a.v
	if v.text[a.name] == '-' && v.from-a.name >= 1 {
		return true
	}
	before := v.text[:a.name]
	return bytes.Contains(before, []byte("machine ")) && bytes.Contains(before, []byte("login "))
}

// blanks skips blanks and colour codes.
func (a *assignment) blanks(i int) int {
	t := a.v.text
	for i < len(t) && (t[i] == ' ' || t[i] == '\t' || t[i] == 0x1b) {
		if t[i] == 0x1b {
			i = skipColour(t, i)
		}
		i++
	}
	return i
}

// skipColour returns the last byte of the control sequence at i.
func skipColour(t []byte, i int) int {
	for j := i + 2; j < len(t) && j < i+16 && t[min(i+1, len(t)-1)] == '['; j++ {
		if t[j] >= 0x40 {
			return j
		}
	}
	return i
}

func (a *assignment) hide() {
	from, to := valueAt(a.v.text, a.at, a.markup)
	value := a.v.text[from:to]
	if from == to || placeholder(value) || a.harmless(value, from, to) {
		return
	}
	a.v.mask(from, to)
}

// harmless tells whether the value is none in this kind of assignment.
func (a *assignment) harmless(value []byte, from, to int) bool {
	word := a.v.text[a.v.from:a.v.to]
	switch {
	case a.spaced:
		return value[0] == '-' || proseWord(value) || bytes.HasPrefix(value, []byte("id="))
	case a.colon && from == a.at && a.prose(value, to):
		return true
	case a.colon && !a.quoted && a.wordOnly && a.tail-a.name == len(word):
		return !looksRandom(value) // PASS: of a test
	}
	return isPath(value) && bytes.EqualFold(word, []byte("pwd"))
}

func isPath(value []byte) bool {
	return value[0] == '/' || value[0] == '~' || len(value) > 1 && value[1] == ':'
}

// prose tells whether "name: value" is a sentence rather than a setting.
func (a *assignment) prose(value []byte, to int) bool {
	if a.quoted || a.tail-a.name > a.v.to-a.v.from || !proseWord(value) {
		return false
	}
	if !a.startsLine() {
		return true
	}
	rest := bytes.TrimSpace(a.v.text[to:])
	return len(rest) > 0 && isAlnum(rest[0])
}

// startsLine tells whether only indent or a prefix of the line stands before
// the name.
func (a *assignment) startsLine() bool {
	before := bytes.TrimRight(a.v.text[:a.name], " \t-\"'{,")
	return len(before) == 0 || before[len(before)-1] == '|'
}

// proseWord tells whether a value looks like a word of a sentence.
func proseWord(value []byte) bool {
	for i, b := range value {
		lower := b >= 'a' && b <= 'z' || b == '.' && i == len(value)-1
		if !lower {
			return false
		}
	}
	return true
}
