package storetest_test

import (
	"testing"

	"github.com/taffrail/taffrail/internal/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, storetest.OpenSQLite)
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, storetest.OpenPostgres)
}
