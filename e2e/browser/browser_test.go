package browser_test

import (
	"os"
	"testing"

	"github.com/taffrail/taffrail/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.Main(m)) }
