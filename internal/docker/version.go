package docker

import (
	"fmt"
	"regexp"
	"strconv"
)

// The oldest versions that will do. Compose 1 is another program.
const (
	minDockerMajor, minDockerMinor = 20, 10
	minComposeMajor                = 2
)

var versionForm = regexp.MustCompile(`^v?(?:\d+:)?(\d+)\.(\d+)`)

// version is the part of a version that decides anything. Distributions add to it:
// "20.10.24+dfsg1", "2.40.3-3", "1:26.1.5~ds1", "v5.5.1".
type version struct{ major, minor int }

func parseVersion(text string) (version, error) {
	m := versionForm.FindStringSubmatch(text)
	if m == nil {
		return version{}, fmt.Errorf("%q is no version", text)
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return version{major, minor}, nil
}

func (v version) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}
