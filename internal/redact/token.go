package redact

// prefix is how the tokens of one issuer begin.
type prefix struct {
	text string
	min  int    // bytes after it, at least
	more string // bytes they have beside letters and digits
}

// prefixes are matched in the case given. Keys that are meant to be public
// (pk_live_) are not in the list.
var prefixes = [...]prefix{
	{"ghp_", 16, ""}, {"gho_", 16, ""}, {"ghu_", 16, ""}, {"ghs_", 16, "_.-"}, {"ghr_", 16, ""},
	{"github_pat_", 20, "_"},
	{"glpat-", 10, "_-."}, {"gldt-", 10, "_-"}, {"glrt-", 10, "_-."}, {"glcbt-", 10, "_-"}, {"glptt-", 10, "_-"},
	{"glft-", 10, "_-"}, {"glsoat-", 10, "_-"}, {"gloas-", 10, "_-"}, {"glimt-", 10, "_-"}, {"glagent-", 10, "_-"},
	{"AKIA", 12, ""}, {"ASIA", 12, ""}, {"ABIA", 12, ""}, {"ACCA", 12, ""},
	{"xoxb-", 10, "-"}, {"xoxp-", 10, "-"}, {"xoxa-", 10, "-"}, {"xoxr-", 10, "-"}, {"xoxs-", 10, "-"},
	{"xoxe-", 10, "-"}, {"xoxe.", 10, "-."}, {"xoxc-", 10, "-"}, {"xoxd-", 10, "-"}, {"xapp-", 10, "-"},
	{"sk_live_", 10, "_"}, {"sk_test_", 10, "_"}, {"rk_live_", 10, "_"}, {"rk_test_", 10, "_"}, {"whsec_", 16, "+/="},
	{"npm_", 16, ""}, {"dckr_pat_", 16, "_-"}, {"dckr_oat_", 16, "_-"}, {"pypi-", 32, "_-"}, {"hf_", 24, ""},
	{"rubygems_", 24, ""}, {"SG.", 32, "_-."}, {"AIza", 30, "_-"}, {"ya29.", 20, "_-."}, {"GOCSPX-", 20, "_-"},
	{"sk-ant-", 20, "_-"}, {"sk-proj-", 20, "_-"}, {"sk-", 32, "_-"}, {"dop_v1_", 24, ""}, {"doo_v1_", 24, ""},
	{"dor_v1_", 24, ""}, {"dp.pt.", 20, ""}, {"dp.st.", 20, "_-."}, {"shpat_", 16, ""}, {"shpss_", 16, ""},
	{"shpca_", 16, ""}, {"shppa_", 16, ""}, {"sq0atp-", 16, "_-"}, {"sq0csp-", 16, "_-"}, {"hvs.", 20, "_-"},
	{"hvb.", 20, "_-"}, {"lin_api_", 20, ""}, {"nfp_", 20, ""}, {"rnd_", 20, ""}, {"PMAK-", 20, "-"},
	{"NRAK-", 20, ""}, {"glsa_", 20, "_"}, {"glc_", 20, "+/="}, {"dapi", 32, "-"}, {"AGE-SECRET-KEY-1", 30, ""},
	{"tskey-", 16, "-"}, {"ATATT3", 24, "_-="}, {"ATBB", 24, ""}, {"sntrys_", 20, "_+/=-"}, {"sntryu_", 20, ""},
	{"pscale_tkn_", 16, "_-."}, {"pscale_pw_", 16, "_-."}, {"pul-", 40, ""}, {"figd_", 20, "_-"},
	{"ops_eyJ", 32, "_-="}, {"tfl_", 20, "_"}, {"taffrail_", 20, "_"},
}

// match masks what follows the prefix, which stays and says what it was.
func (p *prefix) match(v *view) {
	if string(v.text[v.from:v.to]) != p.text || isWord(v.byteAt(v.from-1)) {
		return
	}
	if start := v.after(nearby / 2); looksMixed(start[:p.run(start)]) {
		if n := p.run(v.text[v.to:]); n >= p.min {
			v.mask(v.to, v.to+n)
		}
	}
}

// run is how much of a text can be the body of a token.
func (p *prefix) run(t []byte) int {
	i := 0
	for i < len(t) && (isAlnum(t[i]) || contains(p.more, t[i])) {
		i++
	}
	return i
}

func contains(set string, b byte) bool {
	for i := range len(set) {
		if set[i] == b {
			return true
		}
	}
	return false
}

// looksMixed tells whether a word has a digit, or letters of both cases: names
// in lower or upper case alone are not tokens.
func looksMixed(word []byte) bool {
	lower, upper := false, false
	for _, b := range word {
		switch {
		case b >= '0' && b <= '9':
			return true
		case isUpper(b):
			upper = true
		case isAlnum(b):
			lower = true
		}
	}
	return lower && upper
}

// webToken masks a JWT: three parts of base64url, the first of which is JSON.
func webToken(v *view) {
	if v.base+v.from < v.out.webs || string(v.text[v.from:v.to]) != "eyJ" {
		return
	}
	dots, size, i := 0, 3, v.to
	for ; i < len(v.text); i++ {
		b := v.text[i]
		if b == '.' && size >= 4 && dots < 4 {
			dots++
			size = 0
			continue
		}
		if !isAlnum(b) && b != '_' && b != '-' {
			break
		}
		size++
	}
	if dots < 2 {
		v.out.webs = v.base + i // nor can one begin in here
	}
	if dots >= 2 && i-v.from >= 30 || v.cut && i == len(v.text) {
		v.mask(v.to, i)
	}
}
