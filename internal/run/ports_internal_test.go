package run

import (
	"slices"
	"strings"
	"testing"
)

const portTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0000000000000000 100 0 0 10 0
   1: 00000000:1538 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0000000000000000 100 0 0 10 0
   2: 00000000000000000000000000000000:1538 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 13 1
   3: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 14
   4: 00000000:0051 00000000:0000 0A
`

func TestListenersInATable(t *testing.T) {
	t.Parallel()
	for port, want := range map[int][]string{5432: {"11", "13"}, 80: {"14"}, 81: nil, 0: nil} {
		if got := listenersIn([]byte(portTable), port); !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", port, got, want)
		}
	}
}

func FuzzListenersIn(f *testing.F) {
	f.Add([]byte(portTable), 5432)
	f.Add([]byte("0: :FFFFFFFFFF x 0A 1 2 3 4 5 6"), -1)
	f.Fuzz(func(t *testing.T, table []byte, port int) {
		for _, inode := range listenersIn(table, port) {
			if strings.ContainsAny(inode, " \n") || !strings.Contains(string(table), "0A") {
				t.Errorf("%q", inode)
			}
		}
	})
}
