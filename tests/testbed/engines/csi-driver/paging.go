package main

import (
	"sort"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// page returns a part of a sorted list. A token is the last id that was shown, so
// what is made or deleted in the meantime neither repeats nor hides anything else.
func page(all []record, token string, most int32) ([]record, string, error) {
	if token != "" && !idForm.MatchString(token) {
		return nil, "", status.Errorf(codes.Aborted, "%q is no token of mine", token)
	}
	first := sort.Search(len(all), func(i int) bool { return all[i].ID > token })
	rest := all[first:]
	if most <= 0 || int(most) >= len(rest) {
		return rest, "", nil
	}
	return rest[:most], rest[most-1].ID, nil
}
