"""Okabe and Ito's colors, which color-blind people can tell apart."""

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW = "#56B4E9", "#CC79A7", "#F0E442"
BLACK, GREY = "#333333", "#8A8F98"
