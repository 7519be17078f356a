"""vodnb settles every media asset on Huawei Cloud VOD from a notebook."""
