package git

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
)

// Peek is what is in a folder of a commit.
type Peek struct {
	ID     string // of the folder: equal ids are equal contents
	Commit Commit
	Name   string // of the file that was found, below the repository; empty: there is none
	Text   []byte
	// Entries is everything below the folder, by path; nil when it is too much to be told.
	Entries map[string]Entry
}

// EntryKind is what an entry of a folder is.
type EntryKind string

// The kinds of entries. What is below the last two is not listed.
const (
	EntryFile   EntryKind = "file"
	EntryFolder EntryKind = "folder"
	EntryLink   EntryKind = "link"
	EntryModule EntryKind = "module" // a submodule
)

// Entry is a file or a folder of a commit. Equal ids are equal contents.
type Entry struct {
	Kind EntryKind
	ID   string
}

// peekLimit is how much of a list is read.
const peekLimit = 64 << 20

// Peek is the command that looks into a commit without checking it out: it gives the first
// of files that is there, and the names of all that is in folder base. ReadPeek understands
// its answer. ref is where to find the commit on servers that do not hand it out by itself,
// folder that of the resource, as with Resolve. base and files are below the repository,
// clean as CleanPath returns them.
func (r Remote) Peek(commit, ref, folder, base string, files ...string) host.Command {
	env := r.environ()
	if folder != "" {
		env["TAFFRAIL_GIT_KNOWN"] = path.Join(folder, cacheDir, knownFile)
	}
	argv := append([]string{"sh", "-c", script, scriptFile, "peek", r.Repository.URL(), commit, ref, base}, files...)
	return host.Command{Argv: argv, Env: env, Stdin: strings.NewReader(r.auth.Key.Reveal())}
}

// absent is how the script says that something is not in the commit.
var absent = regexp.MustCompile(`(?m)^(There is no folder .*|.* is no file in this repository at this commit, .*)$`)

// ReadPeek reads what the command of Peek gave. Errors are as those of Read.
func (r Remote) ReadPeek(base string, res host.Result) (Peek, error) {
	if res.ExitCode != 0 {
		if said := absent.FindString(string(res.Stderr)); said != "" {
			return Peek{}, core.Errorf(core.CodeBadRequest, "%s", said)
		}
		return Peek{}, r.fault(res)
	}
	p, rest, err := readPeeked(res.Stdout)
	if err != nil {
		return Peek{}, core.Errorf(core.CodeUnavailable, "What git on the server tells of the repository %s cannot be read: %s.", r.Repository, err)
	}
	p.Entries = readEntries(base, rest)
	return p, nil
}

// readPeeked reads the head and the file; rest is the list.
func readPeeked(data []byte) (p Peek, rest []byte, err error) {
	head, data, _ := bytes.Cut(data, []byte("\n"))
	id, ok := strings.CutPrefix(string(head), "tree ")
	if !ok {
		return p, nil, fmt.Errorf("it begins with %.40q", head)
	}
	p.ID = id[:min(len(id), 12)]
	said, data, err := sized(data, "message")
	if err != nil {
		return p, nil, err
	}
	p.Commit = ParseCommit(string(said))
	head, behind, _ := bytes.Cut(data, []byte("\n"))
	if string(head) == "none" {
		return p, behind, nil
	}
	if words := strings.SplitN(string(head), " ", 3); len(words) == 3 {
		p.Name = words[2]
	}
	p.Text, rest, err = sized(data, "file")
	return p, rest, err
}

// sized reads "WORD SIZE …", a line, and as many bytes behind it; what is cut off is shorter.
func sized(data []byte, word string) (text, rest []byte, err error) {
	head, data, _ := bytes.Cut(data, []byte("\n"))
	words := strings.Fields(string(head))
	if len(words) < 2 || words[0] != word {
		return nil, nil, fmt.Errorf("it goes on with %.40q", head)
	}
	size, err := strconv.Atoi(words[1])
	if err != nil || size < 0 {
		return nil, nil, fmt.Errorf("%s of %.40q bytes", word, words[1])
	}
	size = min(size, len(data))
	return data[:size], data[size:], nil
}

// readEntries reads the zipped list, nil when it was cut off.
func readEntries(base string, data []byte) map[string]Entry {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(z, peekLimit))
	if err != nil || len(text) == peekLimit {
		return nil
	}
	out := map[string]Entry{}
	for line := range strings.SplitSeq(string(text), "\x00") {
		head, name, _ := strings.Cut(line, "\t")
		words := strings.Fields(head)
		if base != "." {
			var below bool
			if name, below = strings.CutPrefix(name, base+"/"); !below {
				continue
			}
		}
		if len(words) == 3 && name != "" {
			out[name] = Entry{kindOf(words[0], words[1]), words[2]}
		}
	}
	return out
}

func kindOf(mode, kind string) EntryKind {
	switch {
	case kind == "tree":
		return EntryFolder
	case kind == "commit":
		return EntryModule
	case mode == "120000":
		return EntryLink
	default:
		return EntryFile
	}
}

// At says what is at a clean path below the folder: known is false for what is behind a
// link or in a submodule, and when the list is not there. The zero entry is for nothing.
func (p Peek) At(at string) (e Entry, known bool) {
	if at == "." {
		return Entry{EntryFolder, p.ID}, true
	}
	if p.Entries == nil {
		return Entry{}, false
	}
	for up := at; up != "."; up = path.Dir(up) {
		e, ok := p.Entries[up]
		switch {
		case !ok:
		case e.Kind == EntryLink || e.Kind == EntryModule:
			return Entry{}, false
		case up == at:
			return e, true
		}
	}
	return Entry{}, true
}
