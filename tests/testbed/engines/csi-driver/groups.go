package main

import (
	"context"
	"slices"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// groupController takes the snapshots of a group one after another and gives all of
// them the time of the first. While something writes it is not one moment; what a
// member holds is what stood in its directory when it was copied.
type groupController struct {
	csi.UnimplementedGroupControllerServer
	*driver
}

func (g *groupController) GroupControllerGetCapabilities(context.Context, *csi.GroupControllerGetCapabilitiesRequest) (*csi.GroupControllerGetCapabilitiesResponse, error) {
	able := csi.GroupControllerServiceCapability_RPC_CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT
	return &csi.GroupControllerGetCapabilitiesResponse{Capabilities: []*csi.GroupControllerServiceCapability{{
		Type: &csi.GroupControllerServiceCapability_Rpc{Rpc: &csi.GroupControllerServiceCapability_RPC{Type: able}},
	}}}, nil
}

func (g *groupController) CreateVolumeGroupSnapshot(ctx context.Context, request *csi.CreateVolumeGroupSnapshotRequest) (*csi.CreateVolumeGroupSnapshotResponse, error) {
	if request.Name == "" || len(request.SourceVolumeIds) == 0 {
		return nil, status.Error(codes.InvalidArgument, "a group needs a name and volumes")
	}
	sources := slices.Sorted(slices.Values(request.SourceVolumeIds))
	id := idOf(groups, request.Name)
	free, err := g.busy.take(id)
	if err != nil {
		return nil, err
	}
	defer free()
	if found, err := g.disk.read(groups, id); err == nil {
		if !slices.Equal(found.Volumes, sources) {
			return nil, status.Errorf(codes.AlreadyExists, "group %s is there, of other volumes", found.Name)
		}
		return g.created(found)
	}
	made := record{ID: id, Name: request.Name, Volumes: sources, Created: time.Now()}
	if err := g.makeMembers(ctx, &made); err != nil {
		return nil, err
	}
	// The group counts last. Members of a call that was killed are made again by its repetition.
	if err := g.make(ctx, "", groups, made, ""); err != nil {
		return nil, err
	}
	return g.created(made)
}

func (g *groupController) makeMembers(ctx context.Context, group *record) error {
	for number, volume := range group.Volumes {
		source, err := g.disk.read(volumes, volume)
		if err != nil {
			return status.Errorf(codes.NotFound, "there is no volume %s", volume)
		}
		name := group.Name + "/" + volume
		member := record{
			ID: idOf(snapshots, name), Name: name, Volume: volume, Bytes: source.Bytes,
			Group: group.ID, Created: group.Created,
		}
		group.Members = append(group.Members, member.ID)
		if err := g.disk.remove(snapshots, member.ID); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		call := ""
		if number == len(group.Volumes)-1 {
			call = "CreateVolumeGroupSnapshot"
		}
		if err := g.make(ctx, call, snapshots, member, g.disk.data(volumes, volume)); err != nil {
			return err
		}
	}
	return nil
}

func (g *groupController) created(group record) (*csi.CreateVolumeGroupSnapshotResponse, error) {
	answer, err := g.groupOf(group)
	return &csi.CreateVolumeGroupSnapshotResponse{GroupSnapshot: answer}, err
}

func (g *groupController) DeleteVolumeGroupSnapshot(_ context.Context, request *csi.DeleteVolumeGroupSnapshotRequest) (*csi.DeleteVolumeGroupSnapshotResponse, error) {
	if request.GroupSnapshotId == "" {
		return nil, status.Error(codes.InvalidArgument, "which group?")
	}
	found, err := g.disk.read(groups, request.GroupSnapshotId)
	if err != nil {
		return &csi.DeleteVolumeGroupSnapshotResponse{}, nil
	}
	for _, member := range found.Members {
		if err := g.remove(snapshots, member); err != nil {
			return nil, err
		}
	}
	return &csi.DeleteVolumeGroupSnapshotResponse{}, g.remove(groups, found.ID)
}

func (g *groupController) GetVolumeGroupSnapshot(_ context.Context, request *csi.GetVolumeGroupSnapshotRequest) (*csi.GetVolumeGroupSnapshotResponse, error) {
	if request.GroupSnapshotId == "" {
		return nil, status.Error(codes.InvalidArgument, "which group?")
	}
	found, err := g.disk.read(groups, request.GroupSnapshotId)
	if err != nil {
		return nil, status.Errorf(codes.NotFound, "there is no group %s", request.GroupSnapshotId)
	}
	answer, err := g.groupOf(found)
	return &csi.GetVolumeGroupSnapshotResponse{GroupSnapshot: answer}, err
}

func (g *groupController) groupOf(group record) (*csi.VolumeGroupSnapshot, error) {
	answer := &csi.VolumeGroupSnapshot{
		GroupSnapshotId: group.ID,
		CreationTime:    timestamppb.New(group.Created),
		ReadyToUse:      !g.faults.is("never-ready"),
	}
	for _, id := range group.Members {
		member, err := g.disk.read(snapshots, id)
		if err != nil {
			return nil, status.Errorf(codes.NotFound, "member %s of %s is gone", id, group.ID)
		}
		answer.Snapshots = append(answer.Snapshots, g.snapshotOf(member))
	}
	return answer, nil
}
