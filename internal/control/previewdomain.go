package control

import (
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
)

// previewDomains are the addresses of the preview of a pull request: the template of the
// application over each of its own.
func previewDomains(a core.Application, pullRequest int) string {
	var out []string
	for _, text := range domainsOfApplication(a) {
		d, err := proxy.ParseDomain("domains", text)
		if err != nil {
			continue
		}
		if p, ok := proxy.Preview(a.Serve.PreviewURL, d, a.UUID, pullRequest); ok {
			out = append(out, p.String())
		}
	}
	return strings.Join(out, ",")
}
