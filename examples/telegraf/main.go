// Telegraf is a processors.execd plugin of Telegraf: all metrics pass through it unchanged. It
// learns those of each host that its configuration names, and adds how unusual each host is, and
// alarms, as metrics of their own. README.md says how to use it.
//
//	anomaly-telegraf -config anomaly.toml
//	anomaly-telegraf -config anomaly.toml -check
//
// It ends when Telegraf closes its standard input, and keeps its state in a folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	// Ctrl-C in a terminal reaches this program at the same time as Telegraf, which closes standard
	// input when it has sent the rest. Only without that the signal ends the program.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-signals
		time.Sleep(patience)
		cancel()
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// patience is for how long a signal waits for the end of standard input. Telegraf kills a plugin
// after ten seconds.
const patience = 3 * time.Second

// run returns the exit status: 0, 1 where something failed, 2 where arguments or configuration
// are wrong.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("anomaly-telegraf", flag.ContinueOnError)
	f.SetOutput(stderr)
	path := f.String("config", "", "configuration `file`; without one the metrics of Telegraf's inputs cpu, mem, diskio and net are watched")
	only := f.Bool("check", false, "check the configuration, and end")
	debug := f.Bool("debug", false, "log more")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || f.NArg() > 0 {
		fmt.Fprintln(stderr, "E! anomaly-telegraf: there are only flags")
		return 2
	}
	slog.SetDefault(slog.New(newLog(stderr, *debug)))
	cfg, err := loadConfig(*path)
	if err != nil {
		slog.Error("the configuration is wrong", "err", err)
		return 2
	}
	if *only {
		fmt.Fprintf(stdout, "%d metrics of each %s, every %s, state in %s\n", len(cfg.Metrics), listed(cfg.By), cfg.Interval, cfg.Dir)
		return 0
	}
	if err := process(ctx, cfg, stdin, stdout); err != nil {
		slog.Error("ended", "err", err)
		return 1
	}
	return 0
}
