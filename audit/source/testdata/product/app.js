fetch("https://stats.vendor.invalid/x")
