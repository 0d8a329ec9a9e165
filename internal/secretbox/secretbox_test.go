package secretbox_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/secretbox"
)

var (
	keyA = bytes.Repeat([]byte{1}, 32)
	keyB = bytes.Repeat([]byte{2}, 32)
)

func newBox(t testing.TB, first []byte, older ...[]byte) *secretbox.Box {
	t.Helper()
	box, err := secretbox.New(first, older...)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func seal(t testing.TB, box *secretbox.Box, team int64, place, plain string) []byte {
	t.Helper()
	sealed, err := box.Seal(team, place, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	box := newBox(t, keyA)
	rapid.Check(t, func(rt *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(rt, "plain")
		team := rapid.Int64().Draw(rt, "team")
		place := rapid.String().Draw(rt, "place")
		sealed, err := box.Seal(team, place, plain)
		if err != nil {
			rt.Fatal(err)
		}
		if len(plain) > 7 && bytes.Contains(sealed, plain) {
			rt.Fatal("the sealed value shows the plain one")
		}
		got, err := box.Open(team, place, sealed)
		if err != nil || !bytes.Equal(got, plain) {
			rt.Fatalf("opened %q (%v), want %q", got, err, plain)
		}
	})
}

func TestEqualValuesDiffer(t *testing.T) {
	t.Parallel()
	box := newBox(t, keyA)
	if bytes.Equal(seal(t, box, 1, "p", "same"), seal(t, box, 1, "p", "same")) {
		t.Error("sealing twice gave the same bytes: the nonce repeats")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	box := newBox(t, keyA)
	sealed := seal(t, box, 1, "services/x/compose", "secret")
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	for what, c := range map[string]struct {
		box    *secretbox.Box
		team   int64
		place  string
		sealed []byte
		says   string
	}{
		"another team":   {box, 2, "services/x/compose", sealed, "changed or moved"},
		"another place":  {box, 1, "services/y/compose", sealed, "changed or moved"},
		"changed":        {box, 1, "services/x/compose", flipped, "changed or moved"},
		"cut":            {box, 1, "services/x/compose", sealed[:9], "changed or moved"},
		"empty":          {box, 1, "services/x/compose", nil, "no known format"},
		"unknown format": {box, 1, "services/x/compose", append([]byte{9}, sealed[1:]...), "no known format"},
		"another key":    {newBox(t, keyB), 1, "services/x/compose", sealed, "another secret key"},
	} {
		plain, err := c.box.Open(c.team, c.place, c.sealed)
		if err == nil || plain != nil {
			t.Errorf("%s: opened %q", what, plain)
			continue
		}
		if core.CodeOf(err) != core.CodeInternal || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %q, want one that says %q", what, err, c.says)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	old := seal(t, newBox(t, keyA), 1, "p", "secret")
	rotated := newBox(t, keyB, keyA)
	if plain, err := rotated.Open(1, "p", old); err != nil || string(plain) != "secret" {
		t.Errorf("the older key opened %q, %v", plain, err)
	}
	fresh := seal(t, rotated, 1, "p", "secret")
	if _, err := newBox(t, keyB).Open(1, "p", fresh); err != nil {
		t.Errorf("what the rotated box seals needs more than the new key: %v", err)
	}
	if rotated.KeyID() != newBox(t, keyB).KeyID() || rotated.KeyID() == newBox(t, keyA).KeyID() {
		t.Error("the key id is not that of the new key")
	}
}

func TestNewRefusesShortKeys(t *testing.T) {
	t.Parallel()
	if _, err := secretbox.New(keyA[:31]); err == nil {
		t.Error("a key of 31 bytes was taken")
	}
	if _, err := secretbox.New(keyA, nil); err == nil {
		t.Error("an empty older key was taken")
	}
}

func BenchmarkSeal(b *testing.B) {
	box := newBox(b, keyA)
	plain := make([]byte, 100)
	for b.Loop() {
		if _, err := box.Seal(1, "environment_variables/x/value", plain); err != nil {
			b.Fatal(err)
		}
	}
}
