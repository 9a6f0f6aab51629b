package train

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childEnv is the environment variable that makes the test binary train once and print the
// model, for TestSameBitsFromTwoProcesses.
const childEnv = "ANOMALY_TRAIN_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(trainAndPrint())
	}
	goleak.VerifyTestMain(m)
}
