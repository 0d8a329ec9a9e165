package docker

import "testing"

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]version{
		"20.10.24+dfsg1": {20, 10}, "v2.40.3": {2, 40}, "2.40.3-3": {2, 40}, "5:26.1.4-1~debian.12~bookworm": {26, 1},
		"28.0.0-rc.1": {28, 0}, "29.1": {29, 1},
	} {
		if got, err := parseVersion(text); err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "dev", "library-import", "(none)"} {
		if _, err := parseVersion(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestChoiceOfCompose(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ policy, want string }{
		"trixie":     {"docker-compose:\n  Installed: (none)\n  Candidate: 2.26.1-4\n  Version table:\n     2.26.1-4 500\n", "docker-compose"},
		"bookworm":   {"docker-compose:\n  Installed: (none)\n  Candidate: 1.29.2-3\n", ""},
		"ubuntu":     {"docker-compose-v2:\n  Candidate: 2.24.6+ds1-0ubuntu1~22.04.1\ndocker-compose:\n  Candidate: 1.29.2-1\n", "docker-compose-v2"},
		"docker.com": {"docker-compose-plugin:\n  Candidate: 2.27.1-1~debian.12~bookworm\n", "docker-compose-plugin"},
		"removed":    {"docker-compose-v2:\n  Installed: (none)\n  Candidate: (none)\n", ""},
		"nothing":    {"", ""},
	} {
		if got := parsePolicy(c.policy).compose(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
