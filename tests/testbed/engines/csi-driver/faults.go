package main

import (
	"context"
	"log"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// faults are files in a folder, looked at in every call. For a call such as CreateSnapshot:
//
//	CreateSnapshot.error   it fails at once, with what the file holds as its message
//	CreateSnapshot.complain  once it fails so; the file goes first
//	CreateSnapshot.doom    the next snapshot asked for fails so for ever, also when the file is gone
//	CreateSnapshot.slow    it begins after the time that the file holds, such as 2s
//	CreateSnapshot.hang    half-way it stands still for as long as the file is there
//	CreateSnapshot.crash   half-way the driver dies; the file goes first, so it dies once
//	CreateSnapshot.silent  the driver dies when all is done, before it answers; once too
//	never-ready            no snapshot is ready to use
//	no-list-snapshots      the driver says that it cannot list snapshots (sidecars ask at their start)
//
// Half-way is: the data is copied, and does not count yet; of a group, before its last member.
type faults struct{ folder string }

const betweenLooks = 50 * time.Millisecond

func (f faults) file(name string) string { return filepath.Join(f.folder, name) }

func (f faults) is(name string) bool {
	_, err := os.Stat(f.file(name))
	return err == nil
}

func (f faults) text(name string) (string, bool) {
	text, err := os.ReadFile(f.file(name))
	return strings.TrimSpace(string(text)), err == nil
}

func (f faults) intercept(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	call := callOf(info)
	if message, ok := f.text(call + ".error"); ok {
		return nil, status.Error(codes.Unavailable, message)
	}
	if message, ok := f.text(call + ".complain"); ok && os.Remove(f.file(call+".complain")) == nil {
		return nil, status.Error(codes.Unavailable, message)
	}
	if text, ok := f.text(call + ".slow"); ok {
		wait, err := time.ParseDuration(text)
		if err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
		time.Sleep(wait)
	}
	answer, err := handle(ctx, request)
	f.dieOnce(call + ".silent")
	return answer, err
}

// doomed says that a thing can never be made: the one that was the first to be asked
// for since a test wished so, and it remains that one.
func (f faults) doomed(call, id string) error {
	switched, known := f.file(call+".doom"), f.file("doomed-"+id)
	_ = os.Rename(switched, known)
	if message, ok := f.text("doomed-" + id); ok {
		return status.Error(codes.Internal, message)
	}
	return nil
}

// halfWay is called by a call in the middle of its work.
func (f faults) halfWay(ctx context.Context, call string) error {
	f.dieOnce(call + ".crash")
	for f.is(call + ".hang") {
		select {
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		case <-time.After(betweenLooks):
		}
	}
	return nil
}

func (f faults) dieOnce(name string) {
	if os.Remove(f.file(name)) == nil {
		log.Printf("%s: dies, as it was told", name)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func logged(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	answer, err := handle(ctx, request)
	if call := callOf(info); err != nil {
		log.Printf("%s: %v", call, err)
	} else if !strings.Contains(call, "Get") && call != "Probe" {
		log.Printf("%s: done", call)
	}
	return answer, err
}

func callOf(info *grpc.UnaryServerInfo) string {
	return info.FullMethod[strings.LastIndex(info.FullMethod, "/")+1:]
}
