// Demo makes up the metrics of two hosts that do not exist, and lets you give them faults. It
// shows them to Prometheus, or writes them into CSV files with an hour of the past:
//
//	go run ./demo &
//	go run ./demo -csv quickstart/hosts &
//	curl -X POST 'http://127.0.0.1:9816/fault?host=web-1&metric=mem&seconds=30'
package main

import (
	"encoding/csv"
	"flag"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/metric-streams/anomaly/examples/anomalyd/demo/hosts"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9816", "address")
	folder := flag.String("csv", "", "write a CSV file of each host into this `folder`, a row every second")
	flag.Parse()
	all := hosts.New(uint64(time.Now().UnixNano()))
	if *folder == "" {
		for _, name := range hosts.Names {
			log.Printf("http://%s/%s", *listen, name)
		}
	} else {
		go func() { log.Fatal(write(*folder, all)) }()
	}
	server := &http.Server{Addr: *listen, Handler: hosts.Handler(all), ReadHeaderTimeout: time.Second}
	log.Fatal(server.ListenAndServe())
}

// write writes the files, an hour of the past first.
func write(folder string, all []*hosts.Host) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	var files []*csv.Writer
	for _, name := range hosts.Names {
		path := filepath.Join(folder, name+".csv")
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		log.Print(path)
		files = append(files, csv.NewWriter(f))
		if err := files[len(files)-1].Write(append([]string{"time"}, hosts.Metrics...)); err != nil {
			return err
		}
	}
	return keepWriting(files, all)
}

// keepWriting writes a row of every host each second.
func keepWriting(files []*csv.Writer, all []*hosts.Host) error {
	at := time.Now().Truncate(time.Second).Add(-time.Hour)
	for {
		for ; !at.After(time.Now()); at = at.Add(time.Second) {
			for i, h := range all {
				row := []string{at.UTC().Format(time.RFC3339)}
				for _, v := range h.Sample(at) {
					row = append(row, strconv.FormatFloat(v, 'f', 2, 64))
				}
				if err := files[i].Write(row); err != nil {
					return err
				}
			}
		}
		for _, f := range files {
			if f.Flush(); f.Error() != nil {
				return f.Error()
			}
		}
		time.Sleep(time.Until(at))
	}
}
