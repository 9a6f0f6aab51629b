package train

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childEnv tells the test binary to train once and print the model: see
// TestSameBitsFromTwoProcesses.
const childEnv = "ANOMALY_TRAIN_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(trainAndPrint())
	}
	goleak.VerifyTestMain(m)
}
