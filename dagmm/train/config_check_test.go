package train

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dataset"
)

func TestSettingsOutOfRangeAreErrors(t *testing.T) {
	x := hostRows(50, 1)
	at := func(i int) time.Time { return time.Unix(int64(60*i), 0) }
	times := make([]time.Time, 50)
	for i := range times {
		times[i] = at(i)
	}
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"columns":          {Config{Columns: []string{"a"}}, "Columns: 1 names for rows of width 4"},
		"no columns":       {Config{Columns: []string{}}, "Columns: 0 names"},
		"same name":        {Config{Columns: []string{"a", "b", "a", "c"}}, `"a" twice`},
		"name not UTF-8":   {Config{Columns: []string{"a", "b", "\xb0C", "c"}}, "column 2"},
		"Quantile 1":       {Config{Quantile: 1}, "Quantile 1"},
		"Quantile below":   {Config{Quantile: -.1}, "Quantile -0.1"},
		"Quantile NaN":     {Config{Quantile: nan}, "Quantile NaN"},
		"exclude":          {Config{Exclude: make([]bool, 3)}, "Exclude has 3 elements for 50 rows"},
		"times":            {Config{Times: times[:3]}, "Times has 3 elements for 50 rows"},
		"ranges, no times": {Config{ExcludeTimes: []TimeRange{{at(0), at(1)}}}, "Times has 0 elements for 50 rows"},
		"range backwards":  {Config{Times: times, ExcludeTimes: []TimeRange{{at(2), at(1)}}}, "before it begins"},
		"level factor 0":   {Config{RecentLevels: []float64{.5, 0}}, "smoothing factor 0"},
		"level factor 2":   {Config{RecentLevels: []float64{2}}, "smoothing factor 2"},
		"level factor NaN": {Config{RecentLevels: []float64{nan}}, "smoothing factor NaN"},
		"predict":          {Config{Network: NetworkConfig{Predict: true}}, "without RecentLevels"},
		"alternate":        {Config{Network: NetworkConfig{Alternate: true}}, "without RecentLevels"},
		"floors width":     {Config{Scaling: ScalingConfig{Floors: make([]float64, 5)}}, "Scaling.Floors has 5 elements for rows of width 4"},
		"skew":             {Config{Scaling: ScalingConfig{Skew: nan}}, "Scaling.Skew is NaN"},
		"transform":        {Config{Scaling: ScalingConfig{Transforms: []dataset.Transform{"", "odd", "", ""}}}, `Scaling.Transforms: "odd" of column 1`},
		"predict features": {Config{RecentLevels: []float64{.5}, Network: NetworkConfig{Predict: true, ErrorFeatures: autoencoder.RelativeCosine}}, "relative-cosine"},
		"scaling":          {Config{Scaling: ScalingConfig{Method: "odd"}}, `Scaling.Method is "odd"`},
		"transforms":       {Config{Scaling: ScalingConfig{Transforms: make([]dataset.Transform, 3)}}, "Scaling.Transforms has 3 elements for rows of width 4"},
		"floors":           {Config{Scaling: ScalingConfig{Floors: []float64{0, 0, -1, 0}}}, "Scaling.Floors: -1 of column 2"},
		"hidden 0":         {Config{Network: NetworkConfig{Hidden: []int{4, 0}}}, "Network.Hidden: layer 1 has 0 units"},
		"hidden huge":      {Config{Network: NetworkConfig{Hidden: []int{1 << 30}}}, "Network.Hidden: layer 0"},
		"latent negative":  {Config{Network: NetworkConfig{Latent: -1}}, "Network.Latent -1"},
		"latent huge":      {Config{Network: NetworkConfig{Latent: math.MaxInt}}, "Network.Latent "},
		"features":         {Config{Network: NetworkConfig{ErrorFeatures: "odd"}}, `Network.ErrorFeatures is "odd"`},
		"clip":             {Config{Mixture: MixtureConfig{Clip: inf}}, "Mixture.Clip is +Inf"},
		"components":       {Config{Mixture: MixtureConfig{Components: -1}}, "Mixture.Components -1"},
		"components huge":  {Config{Mixture: MixtureConfig{Components: 1 << 30}}, "Mixture.Components 1073741824"},
		"covariances":      {Config{Mixture: MixtureConfig{Covariances: "odd"}}, `Mixture.Covariances is "odd"`},
		"estimation huge":  {Config{Network: NetworkConfig{EstimationHidden: 1 << 30}}, "Network.EstimationHidden 1073741824"},
		"final rate":       {Config{Optimizer: OptimizerConfig{FinalRate: 1.5}}, "Optimizer.FinalRate 1.5"},
		"final rate NaN":   {Config{Optimizer: OptimizerConfig{FinalRate: nan}}, "Optimizer.FinalRate NaN"},
		"keep above 1":     {Config{Network: NetworkConfig{DropoutKeep: 1.5}}, "Network.DropoutKeep 1.5"},
		"keep below":       {Config{Network: NetworkConfig{DropoutKeep: -1}}, "Network.DropoutKeep -1"},
		"lambda1":          {Config{Optimizer: OptimizerConfig{Lambda1: nan}}, "Optimizer.Lambda1 is NaN"},
		"lambda2":          {Config{Optimizer: OptimizerConfig{Lambda2: inf}}, "Optimizer.Lambda2 is +Inf"},
		"ridge":            {Config{Mixture: MixtureConfig{Ridge: -1}}, "Mixture.Ridge is -1"},
		"ridge NaN":        {Config{Mixture: MixtureConfig{Ridge: nan}}, "Mixture.Ridge is NaN"},
		"diagonal ridge":   {Config{Mixture: MixtureConfig{DiagonalRidge: -1}}, "Mixture.DiagonalRidge is -1"},
		"rate":             {Config{Optimizer: OptimizerConfig{LearningRate: -1}}, "Optimizer.LearningRate is -1"},
		"rate infinite":    {Config{Optimizer: OptimizerConfig{LearningRate: inf}}, "Optimizer.LearningRate is +Inf"},
		"batch":            {Config{Optimizer: OptimizerConfig{BatchSize: -1}}, "Optimizer.BatchSize -1"},
		"epochs":           {Config{Optimizer: OptimizerConfig{Epochs: -1}}, "Optimizer.Epochs -1"},
		"clip norm":        {Config{Optimizer: OptimizerConfig{ClipNorm: nan}}, "Optimizer.ClipNorm is NaN"},
		"trim":             {Config{Mixture: MixtureConfig{Trim: .5}}, "Mixture.Trim 0.5"},
		"bound":            {Config{Mixture: MixtureConfig{Bound: 1}}, "Mixture.Bound 1"},
		"bound NaN":        {Config{Mixture: MixtureConfig{Bound: nan}}, "Mixture.Bound NaN"},
		"trim NaN":         {Config{Mixture: MixtureConfig{Trim: nan}}, "Mixture.Trim NaN"},
		"members":          {Config{Members: -1}, "Members -1"},
		"members huge":     {Config{Members: 1 << 30}, "Members 1073741824"},
		"paper":            {Paper("kddcap"), `there is no preset for the data set "kddcap", only for arrhythmia, kddcup, kddcup-rev, thyroid`},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, err := Fit(context.Background(), x, c.cfg)
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, "train: ")
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n", "one error in one line")
			require.True(t, m == nil)
		})
	}
}

// A change of the name does not turn a preset that does not exist into the default one.
func TestUnknownPresetStaysUnknown(t *testing.T) {
	cfg := Paper("kddcap")
	cfg.Preset, cfg.Mixture.Components = "mine", 3
	_, _, err := Fit(t.Context(), hostRows(50, 1), cfg)
	require.ErrorIs(t, err, ErrConfig)
}
