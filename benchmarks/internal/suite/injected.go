package suite

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// The suites "nezha-boutique" and "dcml" are recordings of injected faults. Which metrics
// belong to the injected resource stands in their file expected.json, by kind of fault. Kinds
// that it does not name (an exception, a wrong return value) have no metric of their own.

// injection is a fault of a kind, in rows of the test recording.
type injection struct {
	kind     string
	from, to int
}

// injections are the publishers' lists of faults: of Nezha (github.com/IntelligentDDS/Nezha,
// 2022-08-23), in rows of a minute; of laptop-a (github.com/giamberinigiulia/DCML), where three
// faults follow each other without a pause and a row belongs to the one in which it was taken.
// There is no list of laptop-b. Its faults are memory where memory fills up and the processors
// stay idle, else cpu; the first, before which nothing was recorded, is left out.
var injections = map[string][]injection{
	"nezha-boutique/frontend":              {{"cpu_contention", 3, 6}, {"return", 12, 15}, {"cpu_consumed", 20, 23}, {"exception", 29, 32}},
	"nezha-boutique/cartservice":           {{"network_delay", 37, 40}, {"cpu_contention", 46, 50}},
	"nezha-boutique/checkoutservice":       {{"network_delay", 55, 58}, {"exception", 63, 67}, {"return", 72, 75}, {"cpu_consumed", 80, 83}},
	"nezha-boutique/emailservice":          {{"cpu_contention", 107, 110}, {"network_delay", 116, 119}, {"cpu_consumed", 125, 128}},
	"nezha-boutique/productcatalogservice": {{"network_delay", 151, 155}, {"return", 169, 172}, {"cpu_consumed", 177, 180}, {"exception", 186, 189}},
	"nezha-boutique/recommendationservice": {{"network_delay", 194, 197}, {"cpu_contention", 203, 206}, {"cpu_consumed", 211, 214}},
	"nezha-boutique/shippingservice":       {{"network_delay", 220, 223}, {"cpu_contention", 229, 232}, {"cpu_consumed", 238, 241}},
	"nezha-boutique/adservice": {{"network_delay", 246, 249}, {"return", 255, 258}, {"exception", 264, 267}, {"cpu_contention", 273, 276},
		{"cpu_consumed", 282, 285}},
	"dcml/laptop-a": {
		{"memory", 1, 3}, {"disk", 3, 5}, {"cpu", 5, 9}, {"memory", 13, 15}, {"cpu", 15, 18}, {"disk", 18, 21}, {"disk", 29, 32},
		{"cpu", 32, 35}, {"memory", 35, 38}, {"cpu", 56, 59}, {"disk", 59, 62}, {"memory", 62, 65}, {"cpu", 69, 73}, {"disk", 73, 75},
		{"memory", 75, 77}, {"cpu", 87, 90}, {"disk", 90, 93}, {"memory", 93, 95}, {"memory", 105, 108}, {"cpu", 108, 110}, {"disk", 110, 112},
		{"cpu", 137, 140}, {"memory", 140, 142}, {"disk", 142, 144}, {"memory", 162, 164}, {"disk", 164, 167}, {"cpu", 167, 170},
		{"disk", 178, 180}, {"memory", 180, 182}, {"cpu", 182, 185}, {"cpu", 214, 217}, {"disk", 217, 219}, {"memory", 219, 222},
		{"disk", 231, 234}, {"memory", 234, 236}, {"cpu", 236, 239}, {"disk", 250, 253}, {"cpu", 253, 255}, {"memory", 255, 257},
		{"disk", 286, 288}, {"memory", 288, 290}, {"cpu", 290, 292}, {"cpu", 325, 327}, {"disk", 327, 330}, {"memory", 330, 332},
		{"cpu", 356, 359}, {"disk", 359, 362}, {"memory", 362, 364}, {"cpu", 393, 396}, {"memory", 396, 398}, {"disk", 398, 401},
		{"cpu", 428, 430}, {"disk", 430, 432}, {"memory", 432, 435}, {"disk", 445, 447}, {"memory", 447, 449}, {"cpu", 449, 452},
		{"memory", 452, 455}, {"disk", 455, 457}, {"cpu", 457, 460}, {"disk", 472, 474}, {"cpu", 474, 478}, {"memory", 478, 480},
	},
	"dcml/laptop-b": {
		{"memory", 38, 43}, {"cpu", 63, 66}, {"cpu", 86, 89}, {"memory", 123, 128}, {"cpu", 148, 151}, {"cpu", 170, 173},
		{"memory", 208, 212}, {"cpu", 232, 235}, {"cpu", 255, 258}, {"memory", 293, 297}, {"cpu", 317, 320}, {"cpu", 339, 343},
	},
}

// expectedFile names the metrics by kind of fault.
const expectedFile = "expected.json"

// addInjections adds the faults of a machine whose kind has metrics. Machines without a list
// stay as they are.
func (s *Series) addInjections(dir string) error {
	list := injections[s.Suite+"/"+s.Machine]
	if list == nil {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, s.Suite, expectedFile))
	if err != nil {
		return fmt.Errorf("suite: %w", err)
	}
	var expected map[string][]string
	if err := json.Unmarshal(text, &expected); err != nil {
		return fmt.Errorf("suite: %s/%s: %w", s.Suite, expectedFile, err)
	}
	for _, i := range list {
		f := Fault{Kind: i.kind, Span: [2]int{i.from, i.to}}
		for _, metric := range expected[i.kind] {
			if j := slices.Index(s.Columns, metric); j >= 0 {
				f.Columns = append(f.Columns, j)
			}
		}
		if len(f.Columns) == 0 {
			continue
		}
		if i.to > len(s.Labels) || slices.Contains(s.Labels[i.from:i.to], false) {
			return fmt.Errorf("suite: %s/%s: rows %d to %d, a fault of kind %s, are not all labelled: another version of the data?", s.Suite, s.Machine, i.from, i.to-1, i.kind)
		}
		s.Faults = append(s.Faults, f)
	}
	return nil
}
