package main

import (
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// busy holds the ids on which a call works: a second one is told to come again.
type busy struct{ ids sync.Map }

// take returns what gives the id free again.
func (b *busy) take(id string) (func(), error) {
	if _, taken := b.ids.LoadOrStore(id, true); taken {
		return nil, status.Errorf(codes.Aborted, "an operation on %s is under way", id)
	}
	return func() { b.ids.Delete(id) }, nil
}
