package service_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/template"
)

func catalog(t *testing.T) *template.Catalog {
	t.Helper()
	c, err := template.Open()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fixedTag is the tag of an image that says which version it is.
var fixedTag = regexp.MustCompile(`:[^:/]*[0-9][^:/]*$`)

// TestTemplates: each template is accepted as it is by a team that may not use the host,
// plans, gets an address with the port of its head, and has a health check and a fixed
// version for all of its containers. None leaves a variable without a value.
func TestTemplates(t *testing.T) {
	t.Parallel()
	list := catalog(t).List()
	if len(list) < 25 {
		t.Errorf("there are %d templates", len(list))
	}
	for _, one := range list {
		t.Run(one.Key, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, one.Compose, nil)
			if _, err := s.plan(t, deployment(), observed()); err != nil {
				t.Fatal(fieldsOf(err))
			}
			d, err := draft(one.Compose, false)
			if err != nil || len(d.Warnings) > 0 {
				t.Fatalf("%v, warnings %q", err, d.Warnings)
			}
			port := ":" + strconv.Itoa(one.Port)
			if one.Port == 80 {
				port = ".sslip.io"
			}
			if len(d.Domains) != 1 || !strings.HasSuffix(d.Domains[0], port) {
				t.Errorf("domains %q, want one with the port %d", d.Domains, one.Port)
			}
			for _, part := range d.Parts {
				if !fixedTag.MatchString(part.Image) {
					t.Errorf("%s: the image %s has no fixed version", part.Name, part.Image)
				}
			}
			if checks := strings.Count(one.Compose, "healthcheck:"); checks != len(d.Parts) {
				t.Errorf("%d health checks for %d containers", checks, len(d.Parts))
			}
		})
	}
}
