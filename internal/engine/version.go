package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/taffrail/taffrail/internal/core"
)

// tagForms say where tags have the version: "16-alpine", "v1.34.1", "2.14.2-pg16" (of an
// extension), "x86_64_v6.3.4".
var tagForms = []*regexp.Regexp{
	regexp.MustCompile(`(?:^|[-_])pg(\d{1,4})(?:\D|$)`),
	regexp.MustCompile(`^v?(\d{1,4})(?:\D|$)`),
	regexp.MustCompile(`[-_]v(\d{1,4})(?:\D|$)`),
}

var anyVersion = regexp.MustCompile(`\d+(?:\.\d+)+`)

// majorOf reads the major version out of the tag of an image.
func majorOf(image string) (int, bool) {
	_, _, tag := cutImage(image)
	for _, form := range tagForms {
		if m := form.FindStringSubmatch(tag); m != nil {
			n, err := strconv.Atoi(m[1])
			return n, err == nil
		}
	}
	return 0, false
}

// Version reads the version out of what the command Output.Ready printed; "" when there
// is none.
func (s *Spec) Version(answer string) string {
	for _, form := range s.answers {
		if m := regexp.MustCompile(form).FindStringSubmatch(answer); m != nil {
			return m[1]
		}
	}
	return anyVersion.FindString(answer)
}

// Guard compares an image with what wrote the data volume last.
func (s *Spec) Guard(ran core.DatabaseRan, image string) Verdict {
	if ran.Image == image || ran.Image == "" && ran.Version == "" {
		return Verdict{}
	}
	was, known := majorOf("x:" + ran.Version)
	if !known {
		was, known = majorOf(ran.Image)
	}
	will, said := majorOf(image)
	if !known || !said || was == will {
		return Verdict{}
	}
	what := fmt.Sprintf("The data volume was last written by %s %s, and %s is version %d", s.Title, shown(ran), image, will)
	switch steps := s.steps(was, will); {
	case steps < 0:
		return Verdict{true, what + ": it cannot read the files of a later version. " +
			"Keep the version, or restore a dump into a new database."}
	case s.forward == 0:
		return Verdict{true, what + ": it cannot take over the files of another major version. " +
			"Dump the database and restore it into a new one with this image."}
	case s.forward > 0 && steps > s.forward:
		return Verdict{true, what + ": it can take over only the files of the major version before it. " +
			"Go one version at a time, or restore a dump into a new database."}
	}
	return Verdict{}
}

func shown(ran core.DatabaseRan) string {
	if ran.Version != "" {
		return ran.Version
	}
	return "(" + ran.Image + ")"
}

// steps counts the major versions from one to another; negative is backwards.
func (s *Spec) steps(from, to int) int {
	i, j := slices.Index(s.majors, from), slices.Index(s.majors, to)
	if i < 0 || j < 0 {
		return to - from
	}
	return j - i
}
