package webhook

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/core"
)

// Watch says which paths of a repository matter to an application: patterns, one per
// line, of which the last that matches a path decides; "!" in front turns one round.
//
//   - "src/**" and "src/" are all below that folder, and so is "src" itself
//   - "*.go" and "Makefile", without a slash within, match in any folder
//   - "/Makefile" is the one at the top only
//   - "*" and "?" do not match a slash, "**" does, "[a-z]" is one of these characters
//   - lines that begin with "#" say nothing, as do empty ones
//
// Paths that no line matches matter only when all lines begin with "!".
type Watch struct{ rules []rule }

type rule struct {
	form *regexp.Regexp
	not  bool
}

const (
	maxPatterns = 200
	maxPattern  = 512
)

// ParseWatch reads the lines. Errors are of CodeInvalid on field.
func ParseWatch(field, text string) (Watch, error) {
	var w Watch
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pattern, not := strings.CutPrefix(line, "!")
		pattern = strings.TrimSpace(pattern)
		if len(w.rules) == maxPatterns {
			return Watch{}, core.Invalid(field, "There are more than %d lines.", maxPatterns)
		}
		form, err := regexp.Compile(expression(pattern))
		if err != nil || strings.Trim(pattern, "/") == "" || len(pattern) > maxPattern {
			return Watch{}, core.Invalid(field, "%.80q is no pattern for paths.", line)
		}
		w.rules = append(w.rules, rule{form, not})
	}
	return w, nil
}

// Wants says whether a push matters. It does when nothing is watched in particular, and
// when nobody knows all that has changed.
func (w Watch) Wants(c Changes) bool {
	if len(w.rules) == 0 || !c.Complete {
		return true
	}
	for _, path := range c.Paths {
		if w.matches(strings.TrimPrefix(path, "/")) {
			return true
		}
	}
	return false
}

func (w Watch) matches(path string) bool {
	wanted := true
	for _, r := range w.rules {
		wanted = wanted && r.not
	}
	for _, r := range w.rules {
		if r.form.MatchString(path) {
			wanted = !r.not
		}
	}
	return wanted
}

// expression turns a pattern into a regular expression, which takes linear time whatever
// the pattern is.
func expression(pattern string) string {
	pattern, _ = strings.CutPrefix(pattern, "./")
	isDir := strings.HasSuffix(pattern, "/")
	pattern = strings.TrimSuffix(pattern, "/")
	anchored := strings.Contains(pattern, "/")
	pattern = strings.TrimPrefix(pattern, "/")
	var b strings.Builder
	b.WriteString(`^`)
	if !anchored {
		b.WriteString(`(?:.*/)?`)
	}
	for rest := pattern; rest != ""; {
		token, after := next(rest)
		b.WriteString(token)
		rest = after
	}
	if isDir {
		b.WriteString(`/.*$`)
	} else {
		b.WriteString(`(?:/.*)?$`) // a folder is all that is in it
	}
	return `(?s)` + b.String()
}

// next translates the beginning of a pattern and returns what is left of it.
func next(pattern string) (token, rest string) {
	switch {
	case strings.HasPrefix(pattern, "**/"):
		return `(?:.*/)?`, pattern[3:]
	case strings.HasPrefix(pattern, "**"):
		return `.*`, pattern[2:]
	case pattern[0] == '*':
		return `[^/]*`, pattern[1:]
	case pattern[0] == '?':
		return `[^/]`, pattern[1:]
	case pattern[0] == '[':
		if set, after, ok := set(pattern); ok {
			return set, after
		}
	case pattern[0] == '\\' && len(pattern) > 1:
		pattern = pattern[1:]
	}
	_, size := utf8.DecodeRuneInString(pattern)
	return regexp.QuoteMeta(pattern[:size]), pattern[size:]
}

// set translates "[a-z]" or "[!a-z]". Names like "[id]", as some frameworks give their
// files, are sets here as they are for git; "\[id]" is the name.
func set(pattern string) (token, rest string, ok bool) {
	end := strings.IndexByte(pattern[1:], ']')
	if end <= 0 {
		return "", "", false
	}
	inner, not := pattern[1:end+1], ""
	if inner[0] == '!' || inner[0] == '^' {
		inner, not = inner[1:], "^/"
	}
	if inner == "" {
		return "", "", false
	}
	inner = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `^`, `\^`).Replace(inner)
	return "[" + not + inner + "]", pattern[end+2:], true
}
