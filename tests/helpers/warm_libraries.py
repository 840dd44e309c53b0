"""What takes long to import before a dashboard answers."""

import pandas
import plotly.graph_objects
import scipy.optimize
import scipy.sparse
import streamlit.web.cli
import uvicorn

import imclust_core.cli

__all__ = ["imclust_core", "pandas", "plotly", "scipy", "streamlit", "uvicorn"]
