package train

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every preset goes by the name that its model files keep.
func TestNamedPresetsKeepTheirNames(t *testing.T) {
	require.NotEmpty(t, Names())
	for _, name := range Names() {
		cfg, err := Named(name)
		require.NoError(t, err)
		require.NoError(t, cfg.unknown)
		require.Equal(t, name, cfg.Preset)
	}
	_, err := Named("best")
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, `"best", only autoencoder, metrics, paper-arrhythmia`)
}
