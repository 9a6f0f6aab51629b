// Demo shows the metrics of two hosts that do not exist, to Prometheus, and lets you give
// them faults:
//
//	go run ./demo &
//	curl -X POST 'http://127.0.0.1:9816/fault?host=web-1&metric=mem&seconds=30'
package main

import (
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/metric-streams/anomaly/examples/anomalyd/demo/hosts"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9816", "address")
	flag.Parse()
	for _, name := range hosts.Names {
		log.Printf("http://%s/%s", *listen, name)
	}
	handler := hosts.Handler(hosts.New(uint64(time.Now().UnixNano())))
	server := &http.Server{Addr: *listen, Handler: handler, ReadHeaderTimeout: time.Second}
	log.Fatal(server.ListenAndServe())
}
