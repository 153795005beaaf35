package main

import (
	"context"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func (c *controller) CreateSnapshot(ctx context.Context, request *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	if request.Name == "" || request.SourceVolumeId == "" {
		return nil, status.Error(codes.InvalidArgument, "a snapshot needs a name and a volume")
	}
	id := idOf(snapshots, request.Name)
	free, err := c.busy.take(id)
	if err != nil {
		return nil, err
	}
	defer free()
	if err := c.faults.doomed("CreateSnapshot", id); err != nil {
		return nil, err
	}
	if found, err := c.disk.read(snapshots, id); err == nil {
		if found.Volume != request.SourceVolumeId {
			return nil, status.Errorf(codes.AlreadyExists, "snapshot %s is there, of volume %s", found.Name, found.Volume)
		}
		return &csi.CreateSnapshotResponse{Snapshot: c.snapshotOf(found)}, nil
	}
	source, err := c.disk.read(volumes, request.SourceVolumeId)
	if err != nil {
		return nil, status.Errorf(codes.NotFound, "there is no volume %s", request.SourceVolumeId)
	}
	made := record{ID: id, Name: request.Name, Volume: source.ID, Bytes: source.Bytes, Created: time.Now()}
	if err := c.make(ctx, "CreateSnapshot", snapshots, made, c.disk.data(volumes, source.ID)); err != nil {
		return nil, err
	}
	return &csi.CreateSnapshotResponse{Snapshot: c.snapshotOf(made)}, nil
}

// DeleteSnapshot refuses members of a group, as the specification has it: they go with it.
func (c *controller) DeleteSnapshot(_ context.Context, request *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	if request.SnapshotId == "" {
		return nil, status.Error(codes.InvalidArgument, "which snapshot?")
	}
	if found, err := c.disk.read(snapshots, request.SnapshotId); err == nil && c.disk.exists(groups, found.Group) {
		return nil, status.Errorf(codes.InvalidArgument, "%s is a member of %s, and goes with it", found.ID, found.Group)
	}
	return &csi.DeleteSnapshotResponse{}, c.remove(snapshots, request.SnapshotId)
}

func (c *controller) ListSnapshots(_ context.Context, request *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	all, err := c.disk.list(snapshots)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	var found []record
	for _, each := range all {
		other := request.SnapshotId != "" && each.ID != request.SnapshotId
		ofAnother := request.SourceVolumeId != "" && each.Volume != request.SourceVolumeId
		if !other && !ofAnother {
			found = append(found, each)
		}
	}
	shown, next, err := page(found, request.StartingToken, request.MaxEntries)
	if err != nil {
		return nil, err
	}
	answer := &csi.ListSnapshotsResponse{NextToken: next}
	for _, each := range shown {
		answer.Entries = append(answer.Entries, &csi.ListSnapshotsResponse_Entry{Snapshot: c.snapshotOf(each)})
	}
	return answer, nil
}

func (d *driver) snapshotOf(r record) *csi.Snapshot {
	return &csi.Snapshot{
		SnapshotId:      r.ID,
		SourceVolumeId:  r.Volume,
		SizeBytes:       r.Bytes,
		CreationTime:    timestamppb.New(r.Created),
		ReadyToUse:      !d.faults.is("never-ready"),
		GroupSnapshotId: r.Group,
	}
}
