package live_test

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/report/live"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

// A service hands the page's hooks to its Monitor, lets it watch, and serves it.
func ExamplePage() {
	page := live.New(live.Config{Title: "Shop"})
	m, err := monitor.Open(monitor.Config{
		Columns: dataset.HostMetrics(),
		Train:   train.Windows(train.Metrics()),
		Scored:  page.Scored, // a service with gauges and receivers of its own calls these from its own hooks
		Handle:  page.Handle,
	})
	if err != nil {
		log.Fatal(err)
	}
	page.Watch(m)

	// A service has http.Server with Handler: page, and calls its RegisterOnShutdown(page.Close).
	server := httptest.NewServer(page)
	defer server.Close()
	host, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 1, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Push("web-1", host.Times[0], host.X.RawRowView(0)); err != nil {
		log.Fatal(err)
	}
	answer, err := server.Client().Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	_ = answer.Body.Close()
	fmt.Println(answer.Status, strings.Contains(string(text), "1 host, no open alarm, 1 warming up"))

	page.Close()
	if err := m.Close(); err != nil {
		log.Fatal(err)
	}
	// Output: 200 OK true
}
