package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/redact"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

func letters(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(62)]
	}
	return string(b)
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// anchorSecret makes the i-th of the secrets of ten shapes.
func anchorSecret(r *rand.Rand, i int) string {
	switch i % 10 {
	case 0:
		return hex.EncodeToString(randomBytes(r, 32))
	case 1:
		return base64.StdEncoding.EncodeToString(randomBytes(r, 32))
	case 2:
		return letters(r, 16)
	case 3:
		return letters(r, 8) + "-" + letters(r, 4) + "!" + letters(r, 6)
	case 4:
		return "ghp_" + letters(r, 36)
	case 5:
		return "postgres://app:" + letters(r, 20) + "@db-" + letters(r, 4) + ":5432/app"
	case 6:
		return "eyJ" + letters(r, 33) + ".eyJ" + letters(r, 120) + "." + letters(r, 43)
	case 7:
		return "xoxb-" + letters(r, 12) + "-" + letters(r, 24)
	case 8:
		return fmt.Sprintf("0b%06x-%04x-4%03x-9d3a-%012x", r.IntN(1<<24), r.IntN(1<<16), r.IntN(1<<12), r.Int64N(1<<48))
	}
	if i >= 20 {
		return letters(r, 24) + "=="
	}
	var key strings.Builder
	key.WriteString("-----BEGIN PRIVATE KEY-----\n")
	for range 25 {
		key.WriteString(base64.StdEncoding.EncodeToString(randomBytes(r, 48)) + "\n")
	}
	return key.String() + "-----END PRIVATE KEY-----\n"
}

// anchorSecrets makes n secrets, among them at most two keys of 25 lines.
func anchorSecrets(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	list := make([]string, n)
	for i := range list {
		list[i] = anchorSecret(r, i)
	}
	return list
}

func compile(secrets []string) *redact.Set {
	var o redact.Options
	for i, s := range secrets {
		o.Secrets = append(o.Secrets, redact.Value{Name: fmt.Sprintf("SECRET_%d", i), Value: s})
	}
	return redact.Compile(o)
}

// anchorLog makes a log like the one BuildKit prints in plain mode, with one
// secret on every 5,000th line. Nothing else in it may be masked.
func anchorLog(size int, secrets []string) string {
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.Grow(size + 4096)
	for n := 0; b.Len() < size; n++ {
		if n%5000 == 2500 && len(secrets) > 0 {
			fmt.Fprintf(&b, "#%d %d.%03d using %s now\n", n%40, n%900, n%1000, secrets[n/5000%len(secrets)])
			continue
		}
		anchorLine(&b, r, n)
	}
	return b.String()
}

func anchorLine(b *strings.Builder, r *rand.Rand, n int) {
	at := fmt.Sprintf("#%d %d.%03d ", n%40, n%900, r.IntN(1000))
	switch r.IntN(12) {
	case 0:
		fmt.Fprintf(b, "#%d [build %d/12] RUN npm ci --no-audit --prefer-offline\n", n%40, n%12)
	case 1:
		fmt.Fprintf(b, "%snpm http fetch GET 200 https://registry.example.org/%s/-/%s-%d.%d.%d.tgz %dms (cache miss)\n",
			at, lower(r, 8), lower(r, 8), r.IntN(20), r.IntN(20), r.IntN(20), r.IntN(900))
	case 2:
		fmt.Fprintf(b, "#%d sha256:%x %d.%dMB / 31.42MB 0.%ds\n", n%40, randomBytes(r, 32), r.IntN(31), r.IntN(100), r.IntN(10))
	case 3:
		fmt.Fprintf(b, "%s\x1b[32m✓\x1b[0m built in %dms, %d modules transformed\n", at, r.IntN(5000), r.IntN(2000))
	case 4:
		fmt.Fprintf(b, "%sdist/assets/%s-%s.js   %d.%02d kB │ gzip: %d.%02d kB\n", at, lower(r, 6), letters(r, 8), r.IntN(400), r.IntN(100), r.IntN(90), r.IntN(100))
	case 5:
		fmt.Fprintf(b, "%sGet:%d http://deb.example.org/debian bookworm/main amd64 lib%s amd64 %d.%d-%d [%d kB]\n",
			at, r.IntN(200), lower(r, 7), r.IntN(9), r.IntN(30), r.IntN(5), r.IntN(900))
	case 6:
		fmt.Fprintf(b, "%sCompiling %s v%d.%d.%d (/src/crates/%s)\n", at, lower(r, 9), r.IntN(4), r.IntN(30), r.IntN(9), lower(r, 9))
	case 7:
		fmt.Fprintf(b, "%s{\"level\":\"info\",\"msg\":\"%s %s\",\"n\":%d,\"path\":\"/%s/%s\"}\n", at, lower(r, 7), lower(r, 5), r.IntN(9999), lower(r, 6), lower(r, 6))
	case 8:
		fmt.Fprintf(b, "#%d CACHED\n", n%40)
	case 9:
		fmt.Fprintf(b, "%swarning: unused variable `%s` in src/%s.rs:%d:%d\n", at, lower(r, 6), lower(r, 8), r.IntN(900), r.IntN(80))
	case 10:
		fmt.Fprintf(b, "%sUnpacking %s (%d.%d) ... %d%%\n", at, lower(r, 10), r.IntN(9), r.IntN(99), r.IntN(100))
	default:
		fmt.Fprintf(b, "%s%s %s %s to %s with %s and %s\n", at, lower(r, 6), lower(r, 4), lower(r, 9), lower(r, 7), lower(r, 5), lower(r, 8))
	}
}

func lower(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return string(b)
}

// drive writes the text in parts of 32 KiB.
func drive(b *testing.B, set *redact.Set, text string) {
	b.Helper()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	parts := split([]byte(text), 32<<10)
	before, rounds := cpuSeconds(), 0
	for b.Loop() {
		rounds++
		w := set.NewWriter(io.Discard)
		for _, p := range parts {
			mustWrite(b, w, p)
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rounds*len(text))/1e6/(cpuSeconds()-before), "MB/cpu-s")
}

// cpuSeconds is the processor time of this process: on a machine that others
// use as well it says more than the time on the wall.
func cpuSeconds() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func BenchmarkBuildLog(b *testing.B) {
	for _, n := range []int{0, 10, 100} {
		b.Run(fmt.Sprintf("secrets=%d", n), func(b *testing.B) {
			secrets := anchorSecrets(n)
			drive(b, compile(secrets), anchorLog(16<<20, secrets))
		})
	}
}

func BenchmarkAdversarial(b *testing.B) {
	var secrets []string
	for i := range 100 {
		secrets = append(secrets, strings.Repeat("a", 40)+fmt.Sprintf("%02d", i))
	}
	set := compile(secrets)
	for _, text := range adversaries(secrets) {
		b.Run(text.name, func(b *testing.B) { drive(b, set, repeat(text.part, 4<<20)) })
	}
}

type adversary struct{ name, part string }

// adversaries are texts that keep some part of the redactor busy.
func adversaries(secrets []string) []adversary {
	as := strings.Repeat("a", 40)
	return []adversary{
		{"letter", "a"},
		{"nearly", as + "x"},
		{"hits", secrets[0]},
		{"backslash", `\`},
		{"escaped", `\\\\\\\\\x61`},
		{"percent", "%252561"},
		{"percent-only", "%"},
		{"entity", "&amp;amp;"},
		{"ampersand", "&a"},
		{"escape-codes", "a\x1b[31m"},
		{"unterminated-osc", "\x1b]0;a"},
		{"nul", "a\x00"},
		{"backspace", "aax\b"},
		{"quotes", "''"},
		{"dollars", "$"},
		{"newlines", "\n"},
		{"wrapped", "aaaa\n"},
		{"cr", "a\r"},
		{"url", "://a:b"},
		{"colon", "a:"},
		{"password", "password=${A}"},
		{"pwd", "pwd"},
		{"words", "password "},
		{"equals", "token="},
		{"private", "-----BEGIN PRIVATE KEY-----\n"},
		{"tokens", "ghp_"},
		{"eyj", "eyJ"},
		{"bearer", "bearer "},
		{"curl", "curl -u "},
		{"login", " login -p"},
		{"auth", "authorization: "},
		{"mask", redact.Mask},
		{"mask-and-hit", secrets[0] + redact.Mask},
	}
}

func repeat(part string, size int) string { return strings.Repeat(part, size/len(part)) }

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{0, 10, 100} {
		b.Run(fmt.Sprintf("secrets=%d", n), func(b *testing.B) {
			secrets := anchorSecrets(n)
			b.ReportAllocs()
			for b.Loop() {
				compile(secrets)
			}
		})
	}
}
