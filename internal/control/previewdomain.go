package control

import (
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
)

// randomLength is how many characters {{random}} has.
const randomLength = 8

// previewDomains are the addresses of the preview of a pull request: the template of the
// application over each of its own. {{random}} is the same for the same pull request.
func previewDomains(a core.Application, pullRequest int) string {
	own, err := proxy.ParseDomains("domains", a.Serve.Domains)
	if err != nil {
		return ""
	}
	random := string(fixedID(string(a.UUID) + "/" + strconv.Itoa(pullRequest)))[:randomLength]
	var out []string
	for _, d := range own {
		if p, ok := previewDomain(a.Serve.PreviewURL, d, pullRequest, random); ok {
			out = append(out, p.String())
		}
	}
	return strings.Join(out, ",")
}

// previewDomain lays a template over a domain. It says whether the result is a domain, and
// one of its own for each pull request.
func previewDomain(template string, d proxy.Domain, pullRequest int, random string) (proxy.Domain, bool) {
	host := func(pr, random string) string {
		return strings.NewReplacer("{{pr_id}}", pr, "{{domain}}", d.Host, "{{random}}", random).Replace(template)
	}
	if host("1", "a") == host("2", "b") || strings.ContainsAny(template, ":/") {
		return proxy.Domain{}, false
	}
	p := d
	p.Host = strings.ToLower(host(strconv.Itoa(pullRequest), random))
	p, err := proxy.ParseDomain("preview_url_template", p.String())
	return p, err == nil
}
