package redact

import "bytes"

// maxGap bounds the line ends between two lines of a key.
const maxGap = 32

// keyLine is the least base64 that makes a line one of a private key.
const keyLine = 40

var (
	keyEnd   = []byte("-----END")
	keyDash  = []byte("-----")
	keyHeads = [...]string{"Proc-Type", "DEK-Info", "Version", "Comment", "Hash", "Key-"}
)

// keyBlock follows the body of a private key, whose lines may have prefixes
// (of a compose service, a build step, a time) or stand in one line with
// escaped or lost line ends. It ends at the END line, or before the first line
// that is not one of a key, so that a block without END hides nothing else.
type keyBlock struct {
	body bool // a line of the key was seen
	head bool // a header was seen
	gap  bool // an empty line was seen
	last bool // a short line was seen: only END may follow
}

// privateKey starts at the words "PRIVATE KEY".
func privateKey(v *view) {
	begin := bytes.LastIndex(v.text[:v.from], []byte("-----BEGIN "))
	if begin < 0 || v.from-begin > 48 {
		return
	}
	rest := bytes.TrimPrefix(v.text[v.to:], []byte(" BLOCK"))
	if !bytes.HasPrefix(rest, keyDash) {
		return
	}
	at := v.base + len(v.text) - len(rest) + len(keyDash)
	v.out.open = &opened{pos: at, key: &keyBlock{}}
}

func (k *keyBlock) proceed(s *shapes, end bool) bool {
	for {
		text := s.w.buf[s.open.pos-s.w.base:]
		skip, ok := k.margin(text, end)
		if !ok {
			return false
		}
		line, size, ok := keyLineOf(text[skip:], end)
		if !ok {
			return false
		}
		stop := keyStop(line)
		if stop < 0 && !k.accepts(line) {
			s.open = nil
			return true
		}
		if stop >= 0 {
			s.extend(skip + stop)
			s.open = nil
			return true
		}
		s.extend(skip + size)
	}
}

// margin is the size of the separators before the first line. They are masked
// together with it, so that a block without a body is left as it is.
func (k *keyBlock) margin(text []byte, end bool) (n int, ok bool) {
	if k.body || k.head {
		return 0, len(text) > 0
	}
	n = separators(text)
	return n, n < len(text)
}

// keyLineOf returns the next line, and its size with what separates it from
// the one after: line ends, or escaped ones.
func keyLineOf(text []byte, end bool) (line []byte, size int, ok bool) {
	i := 0
	for i < len(text) && i < reach && !isSeparator(text[i]) {
		i++
	}
	if i == reach || end && i == len(text) {
		return text[:i], i, i > 0
	}
	size = i + separators(text[i:])
	return text[:i], size, size < len(text) || end
}

// separators is the size of the line ends that text starts with.
func separators(text []byte) int {
	i := 0
	for i < len(text) && i < maxGap && isSeparator(text[i]) {
		escaped := text[i] == '\\'
		i++
		if escaped && i < len(text) && (text[i] == 'n' || text[i] == 'r') {
			i++
		}
	}
	return i
}

func isSeparator(b byte) bool { return b == '\n' || b == '\r' || b == '\\' }

// keyStop finds the end of the END line.
func keyStop(line []byte) int {
	i := bytes.Index(line, keyEnd)
	if i < 0 {
		return -1
	}
	j := bytes.Index(line[i+len(keyEnd):], keyDash)
	if j < 0 {
		return -1
	}
	return i + len(keyEnd) + j + len(keyDash)
}

// accepts tells whether the line can be one of a key.
func (k *keyBlock) accepts(line []byte) bool {
	line = bytes.TrimRight(line, " \t")
	token := line[lastToken(line):]
	switch {
	case len(line) == 0:
		again := k.gap
		k.gap = true
		return !again && (k.body || k.head)
	case k.last:
		return false
	case len(token) >= keyLine:
		k.body = true
		return true
	case isKeyHead(line):
		k.head = true
		return true
	}
	k.last = true
	return k.body && len(token) > 0 && (len(token) == len(line) || token[len(token)-1] == '=')
}

// lastToken is where the base64 at the end of the line starts.
func lastToken(line []byte) int {
	i := len(line)
	for i > 0 && isBase64(line[i-1]) {
		i--
	}
	return i
}

func isKeyHead(line []byte) bool {
	for _, h := range keyHeads {
		if bytes.Contains(line, []byte(h)) {
			return true
		}
	}
	return false
}
