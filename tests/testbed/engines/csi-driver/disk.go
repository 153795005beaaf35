package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"time"
)

// What a disk holds: STATE/volumes/ID/{record.json,data/}, and the same below
// snapshots and groups (these without data). A thing is made below STATE/making
// and moved to its place when it is whole; one that is deleted goes the other
// way. So what a killed process leaves is in STATE/making, and swept at the start.
type disk struct{ folder string }

type kind string

const (
	volumes   kind = "volumes"
	snapshots kind = "snapshots"
	groups    kind = "groups"
)

// record is what is known of a volume, a snapshot, or a group of snapshots.
type record struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Bytes    int64     `json:"bytes,omitempty"`
	Block    bool      `json:"block,omitempty"`    // a volume's mode: what would be on the device is a file `device`
	Volume   string    `json:"volume,omitempty"`   // a snapshot's source
	Snapshot string    `json:"snapshot,omitempty"` // what a volume was made from
	Clone    string    `json:"clone,omitempty"`    // the same
	Group    string    `json:"group,omitempty"`
	Members  []string  `json:"members,omitempty"`
	Volumes  []string  `json:"volumes,omitempty"` // a group's sources, sorted
	Created  time.Time `json:"created"`
}

var idForm = regexp.MustCompile(`^(volumes|snapshots|groups)-[0-9a-f]{24}$`)

// idOf is the same for a name each time: a repeated request finds what the first has made.
func idOf(k kind, name string) string {
	digest := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%s-%s", k, hex.EncodeToString(digest[:12]))
}

func openDisk(folder string) (*disk, error) {
	d := &disk{folder}
	if err := os.RemoveAll(d.making("")); err != nil {
		return nil, err
	}
	for _, each := range []string{"making", string(volumes), string(snapshots), string(groups), "faults"} {
		if err := os.MkdirAll(filepath.Join(folder, each), 0o755); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *disk) making(id string) string         { return filepath.Join(d.folder, "making", id) }
func (d *disk) place(k kind, id string) string  { return filepath.Join(d.folder, string(k), id) }
func (d *disk) data(k kind, id string) string   { return filepath.Join(d.place(k, id), "data") }
func (d *disk) exists(k kind, id string) bool   { _, err := d.read(k, id); return err == nil }
func (d *disk) recordFile(folder string) string { return filepath.Join(folder, "record.json") }

// read gives fs.ErrNotExist for what is not there, and for ids that none can have.
func (d *disk) read(k kind, id string) (record, error) {
	var found record
	if !idForm.MatchString(id) {
		return found, fs.ErrNotExist
	}
	text, err := os.ReadFile(d.recordFile(d.place(k, id)))
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(text, &found)
}

func (d *disk) list(k kind) ([]record, error) {
	entries, err := os.ReadDir(filepath.Join(d.folder, string(k)))
	if err != nil {
		return nil, err
	}
	var found []record
	for _, entry := range entries {
		each, err := d.read(k, entry.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted in the meantime
		}
		if err != nil {
			return nil, err
		}
		found = append(found, each)
	}
	sort.Slice(found, func(i, j int) bool { return found[i].ID < found[j].ID })
	return found, nil
}

// prepare makes a thing where it does not count yet, with a copy of `source` as
// its data; an empty source gives an empty directory.
func (d *disk) prepare(r record, source string) error {
	folder := d.making(r.ID)
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(folder, "data"), 0o755); err != nil {
		return err
	}
	// A pod may run as anyone, and there is no kubelet's fsGroup on loopback.
	if err := os.Chmod(filepath.Join(folder, "data"), 0o777); err != nil {
		return err
	}
	if source != "" {
		command := exec.Command("cp", "-a", source+"/.", filepath.Join(folder, "data"))
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, output)
		}
	}
	if r.Block && source == "" {
		if err := makeDevice(filepath.Join(folder, "data", "device"), r.Bytes); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(d.recordFile(folder), append(text, '\n'), 0o644)
}

// makeDevice makes the file that stands for an empty device; it takes no room.
func makeDevice(file string, bytes int64) error {
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		return err
	}
	return os.Truncate(file, bytes)
}

// publish has what was prepared count, at once.
func (d *disk) publish(k kind, id string) error {
	return os.Rename(d.making(id), d.place(k, id))
}

// remove has a thing not count any more, at once. What is not there is no error.
func (d *disk) remove(k kind, id string) error {
	if !idForm.MatchString(id) {
		return nil
	}
	leaving := d.making("leaving-" + id)
	if err := os.RemoveAll(leaving); err != nil {
		return err
	}
	err := os.Rename(d.place(k, id), leaving)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(leaving)
}
