// Parquet writes a Parquet file as CSV to standard output, for flagcsv and other programs to read.
//
//	go run -C examples/parquet . "$PWD/host.parquet" | go run ./examples/flagcsv -in -
//
// Several files of the same columns are written one after the other. It exits with 2 where a file
// or the command line is wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/metric-streams/anomaly/examples/parquet/parquetcsv"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, syscall.EPIPE), errors.Is(err, context.Canceled):
		os.Exit(1) // the reader has gone, and has said why
	default:
		fmt.Fprintln(os.Stderr, "parquet: "+strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("parquet", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	columns := fs.String("columns", "", "`names` of columns to write, separated by commas (default: all but lists, maps and groups)")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(stderr, "Usage: parquet [-columns names] file.parquet ...")
		fs.SetOutput(stderr)
		fs.PrintDefaults()
		return err
	} else if err != nil {
		return fmt.Errorf("%w (parquet -help lists the flags)", err)
	}
	if fs.NArg() == 0 {
		return errors.New("name the Parquet files to read")
	}
	var names []string
	if *columns != "" {
		names = strings.Split(*columns, ",")
	}
	var header []string
	for _, path := range fs.Args() {
		var err error
		if header, err = writeFile(ctx, path, names, header, stdout, stderr); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes the rows of a file, whose columns must be those of header unless it is the
// first one. It returns the columns.
func writeFile(ctx context.Context, path string, names, header []string, stdout, stderr io.Writer) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := parquetcsv.Open(f, names...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, note := range r.Notes() {
		fmt.Fprintf(stderr, "note: %s: %s\n", path, note)
	}
	if header == nil {
		err = r.WriteHeader(stdout)
	} else if !slices.Equal(header, r.Columns()) {
		return nil, fmt.Errorf("%s: its columns are %q, and those of the first file %q: name common ones in -columns", path, r.Columns(), header)
	}
	if err == nil {
		err = r.WriteRows(ctx, stdout)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r.Columns(), nil
}
