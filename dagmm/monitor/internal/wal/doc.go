// Package wal keeps a write-ahead log: a folder of files to which records are appended
// before they take effect, so that a process that dies loses nothing.
//
// The log knows nothing of what a record says. A record is a string of bytes. The log frames
// it with its length and a checksum, numbers it, and gives all records back in order. What
// a dying process or a power failure left half-written at the end is dropped; damage
// anywhere else is an error.
//
// Records are written unbuffered. They survive the death of the process, but a power failure
// may take those after the last Sync or Rotate. It takes an end of them: of two records the
// earlier one survives. Files are there with their names before the first record is.
package wal
