package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// outputs are the files to write. Each is written under a temporary name beside its place and moved there by commit, so that a run
// that fails leaves nothing behind and old files as they were. The temporary files are made first: a folder that is not there or
// not writable shows before the training and not after it.
type outputs struct {
	pending []*pendingFile
}

type pendingFile struct {
	path string // as the user gave it
	file *os.File
	fill filler
}

// filler writes a file about what was found.
type filler func(findings, io.Writer) error

// findings are what the files are written from: of one recording, or of several hosts.
type findings interface {
	writeTable(io.Writer) error
	writeReport(io.Writer) error
	writeJSON(io.Writer) error
	writeMarkdown(io.Writer) error
	writeModel(io.Writer) error
	writeONNX(io.Writer) error
}

func openOutputs(opt *options) (*outputs, error) {
	o := &outputs{}
	for _, f := range []struct {
		flag, path string
		fill       filler
	}{
		{"out", opt.out, findings.writeTable},
		{"report", opt.report, findings.writeReport},
		{"json", opt.json, findings.writeJSON},
		{"markdown", opt.markdown, findings.writeMarkdown},
		{"save", opt.save, findings.writeModel},
		{"onnx", opt.onnx, findings.writeONNX},
	} {
		if f.path == "" || (f.flag == "save" || f.flag == "onnx") && opt.csv.Key != "" { // a file a host, when the hosts are known
			continue
		}
		if err := o.open(f.path, f.fill, slices.Concat(opt.in, []string{opt.load})...); err != nil {
			o.discard()
			return nil, input(fmt.Errorf("-%s: %w", f.flag, err))
		}
	}
	return o, nil
}

func (o *outputs) open(path string, fill filler, inputs ...string) error {
	target := path
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		target = resolved // a link stays a link
	}
	mode := fs.FileMode(0o666) // less what the user masks
	if info, err := os.Stat(target); err == nil {
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", path)
		}
		for _, in := range inputs {
			if other, err := os.Stat(in); err == nil && os.SameFile(info, other) {
				return fmt.Errorf("%s is also read from", path)
			}
		}
		mode = info.Mode().Perm()
	}
	for _, p := range o.pending {
		if p.path == target {
			return fmt.Errorf("%s is named for two outputs", path)
		}
	}
	file, err := os.OpenFile(target+".part"+strconv.Itoa(os.Getpid()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, cause(err))
	}
	o.pending = append(o.pending, &pendingFile{path: target, file: file, fill: fill})
	return nil
}

// cause leaves out the temporary file's name, which would only confuse.
func cause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// errNothing is of a file about which there is nothing to write. It is not made.
var errNothing = errors.New("nothing to write")

// write fills the files and returns their names.
func (o *outputs) write(found findings) (written []string, err error) {
	for _, p := range slices.Clone(o.pending) {
		w := bufio.NewWriterSize(p.file, 1<<16)
		err := p.fill(found, w)
		if errors.Is(err, errNothing) {
			p.remove()
			o.pending = slices.DeleteFunc(o.pending, func(other *pendingFile) bool { return other == p })
			continue
		}
		if err == nil {
			err = w.Flush()
		}
		if err == nil {
			err = p.file.Sync()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.path, cause(err))
		}
		written = append(written, p.path)
	}
	return written, nil
}

// commit moves the files to their places.
func (o *outputs) commit() error {
	for _, p := range o.pending {
		if err := p.file.Close(); err != nil {
			return fmt.Errorf("%s: %w", p.path, cause(err))
		}
	}
	for len(o.pending) > 0 {
		p := o.pending[0]
		if err := os.Rename(p.file.Name(), p.path); err != nil {
			return err
		}
		o.pending = o.pending[1:]
	}
	return nil
}

// discard removes what was not committed.
func (o *outputs) discard() {
	for _, p := range o.pending {
		p.remove()
	}
	o.pending = nil
}

func (p *pendingFile) remove() {
	p.file.Close()
	os.Remove(p.file.Name())
}
