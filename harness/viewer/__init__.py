"""A local web app to look at runs: pages made here, read by a browser on this machine (`ludometer view`)."""
