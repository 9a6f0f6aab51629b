package kernel

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// onPath runs the test on one path and skips it where the machine does not have the path.
func onPath(t *testing.T, path string, f func(t *testing.T)) {
	t.Run(path, func(t *testing.T) {
		if path == PathAVX2 && !hasAVX2 || path == PathAVX512 && !hasAVX512 {
			t.Skip("this machine or build does not have " + path)
		}
		two, five := useAVX2, useAVX512
		defer func() { useAVX2, useAVX512 = two, five }()
		useAVX2, useAVX512 = path == PathAVX2, path == PathAVX512
		require.Equal(t, path, Path())
		f(t)
	})
}

var paths = []string{PathGo, PathAVX2, PathAVX512}

func onEveryPath(t *testing.T, f func(t *testing.T)) {
	for _, p := range paths {
		onPath(t, p, f)
	}
}

// A run that asks for a path gets it if the machine has it.
func TestEnvironmentChoosesThePath(t *testing.T) {
	switch want := os.Getenv("ANOMALY_KERNEL"); {
	case want == PathGo, want == PathAVX2 && hasAVX2, want == PathAVX512 && hasAVX512:
		require.Equal(t, want, Path())
	case want != "":
		t.Skip("this machine or build does not have " + want)
	}
	two, five := choosePath("")
	require.Equal(t, hasAVX512, five)
	require.Equal(t, hasAVX2 && !hasAVX512, two)
}
