// Flagcsv finds the odd rows of a CSV export of host metrics, and says why they are odd. It trains a model on the file (or loads one),
// flags the rows whose energy lies above the threshold, prints them with the metric that explains each, groups them into incidents,
// and can write a table, a report for the browser, the incidents as JSON and Markdown, and the model.
//
//	flagcsv                                                 # the embedded recording of a host
//	flagcsv -in host.csv -columns cpu,mem,disk,net_in -time ts -out flagged.csv -report report.html -save host.model
//	flagcsv -load host.model -in new.csv                    # score without training
//	flagcsv -in fleet.csv -host host -report fleet.html     # rows of several hosts: a model and a section each
//
// It exits with 0 on success, with 2 where the input or the command line is wrong (one line on standard error says what and where),
// and with 1 where anything else fails. Files are written when everything has succeeded, or not at all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // the table of a long file is most of the memory, and stays
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errInput marks what the user can put right: the exit status is 2.
var errInput = errors.New("bad input")

// input marks err as the input's fault and leaves its text alone.
func input(err error) error {
	if err == nil {
		return nil
	}
	return &inputError{err}
}

type inputError struct{ error }

func (e *inputError) Unwrap() []error { return []error{e.error, errInput} }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := flagRows(ctx, args, stdin, stdout, stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errInput):
		fmt.Fprintln(stderr, "flagcsv: "+oneLine(err.Error()))
		return 2
	}
	fmt.Fprintln(stderr, "flagcsv: "+oneLine(err.Error()))
	return 1
}

func oneLine(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

func flagRows(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	opt, err := parse(args, stdout)
	if err != nil {
		return err
	}
	files, err := openOutputs(opt)
	if err != nil {
		return err
	}
	defer files.discard()

	if opt.csv.Key != "" {
		return flagHosts(ctx, opt, files, stdin, stdout, stderr)
	}
	j, err := read(opt, stdin)
	if err != nil {
		return err
	}
	j.units = units(opt, j.table.Columns, j.table.Units, reading(opt.csv, j.table))
	printInput(stdout, j)
	if err := j.fit(ctx, opt, stderr); err != nil {
		return err
	}
	if err := j.score(ctx, scoringFor(opt, 1)); err != nil {
		return err
	}
	written, err := files.write(j)
	if err != nil {
		return err
	}
	if err := files.commit(); err != nil {
		return err
	}
	if err := printResult(stdout, j); err != nil {
		return err
	}
	printWritten(stdout, written)
	return nil
}
