"""Medical images in and out: data sets, fingerprint, plan, preprocessing, patches, phantoms."""
