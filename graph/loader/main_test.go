package loader

import (
	"testing"

	"go.uber.org/goleak"
)

// Each test closes what it opens, and then nothing of it may run on.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
