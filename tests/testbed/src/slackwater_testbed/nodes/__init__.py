"""Clusters with real nodes: pods run, volumes are mounted, Velero is a Deployment. Needs root."""
