package git

import (
	"path"
	"regexp"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// pathForm leaves out what separates, escapes or means something on a path's way: blanks,
// colons, quotes, "$", backslash and other characters of shells.
var pathForm = regexp.MustCompile(`^[\pL\pN._/@+=~%-]+$`)

const maxPath = 1024

// CleanPath checks a folder or file of a checkout as people give it, "/apps/web" or
// "./Dockerfile": a slash at the beginning is the checkout's own folder. It returns the
// path below that folder, "." for the folder itself. Errors are of CodeInvalid on field.
//
// Links in the repository can still lead elsewhere: see Checkout.Inside.
func CleanPath(field, text string) (string, error) {
	if text == "" {
		return ".", nil
	}
	if len(text) > maxPath || !pathForm.MatchString(text) {
		return "", core.Invalid(field, "%.80q cannot be a path: use letters, digits and . _ / @ + = ~ %% -, without blanks.", text)
	}
	for _, part := range strings.Split(text, "/") {
		if part == ".." || part == ".git" || strings.HasPrefix(part, "-") {
			return "", core.Invalid(field, "%.80q must stay in the repository: no part of it may be \"..\" or \".git\", or begin with \"-\".", text)
		}
	}
	if clean := strings.Trim(path.Clean("/"+text), "/"); clean != "" {
		return clean, nil
	}
	return ".", nil
}
