package proxy

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// randomLength is how many characters {{random}} has.
const randomLength = 8

// Preview lays the template of a resource over a domain: {{pr_id}}, {{domain}}, and
// {{random}}, which is the same for the same pull request. It says whether the result is a
// domain, and one of its own for each pull request.
func Preview(template string, d Domain, id core.ID, pullRequest int) (Domain, bool) {
	host := func(pr, random string) string {
		return strings.NewReplacer("{{pr_id}}", pr, "{{domain}}", d.Host, "{{random}}", random).Replace(template)
	}
	if host("1", "a") == host("2", "b") || strings.ContainsAny(template, ":/") {
		return Domain{}, false
	}
	sum := sha256.Sum256([]byte(string(id) + "/" + strconv.Itoa(pullRequest)))
	p := d
	p.Host = strings.ToLower(host(strconv.Itoa(pullRequest), hex.EncodeToString(sum[:])[:randomLength]))
	p, err := ParseDomain("preview_url_template", p.String())
	return p, err == nil
}
