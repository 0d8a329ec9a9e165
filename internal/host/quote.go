package host

import (
	"errors"
	"strings"
)

// quote makes one command line of an argv such that a POSIX shell, which is what sshd
// hands it to, gives exactly this argv to the program again.
func quote(argv []string) (string, error) {
	words := make([]string, 0, len(argv))
	for _, word := range argv {
		if strings.IndexByte(word, 0) >= 0 {
			return "", errors.New("a command's argument holds a NUL byte")
		}
		words = append(words, quoteWord(word))
	}
	return strings.Join(words, " "), nil
}

func quoteWord(word string) string {
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// plain are the characters that mean nothing to any shell wherever they stand; "=" and
// "~" do at the beginning of a word.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@,+-"
